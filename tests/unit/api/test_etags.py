"""What has not changed is not sent again; what has changed is not overwritten unseen."""

import json
from typing import Any

import pytest
from django.test import Client

from marketplace.accounts.models import User
from tests.factories.accounts import make_user
from tests.factories.uploads import make_upload

pytestmark = pytest.mark.django_db
ACCOUNT, OFFER = "/api/v1/account", "/api/v1/account/subscription"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, method: str, address: str, body: dict[str, Any], **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic(method, address, json.dumps(body), "application/json", headers=named)


@pytest.mark.parametrize("accept", ["application/json", "application/json; indent=4", "*/*"])
def test_what_the_caller_has_is_not_sent_again(accept: str) -> None:
    upload = make_upload()
    client, address = signed_in(upload.owner), f"/api/v1/uploads/{upload.pk}"
    first = client.get(address)
    again = client.get(address, headers={"if-none-match": first["ETag"], "accept": accept})
    assert (first.status_code, again.status_code, again.content, again["ETag"]) == (200, 304, b"", first["ETag"])
    upload.file_name = "another.safetensors"
    upload.save()
    changed = client.get(address, headers={"if-none-match": first["ETag"]})
    assert (changed.status_code, changed["ETag"] == first["ETag"]) == (200, False)


def test_a_refusal_has_no_etag() -> None:
    assert "ETag" not in Client().get(ACCOUNT)


def test_a_name_is_changed_only_in_the_state_that_was_seen() -> None:
    user = make_user(display_name="Mara")
    client = signed_in(user)
    seen = client.get(ACCOUNT)["ETag"]
    assert send(client, "PATCH", ACCOUNT, {"display_name": "Mara Voss"}, if_match=seen).status_code == 200
    refused = send(client, "PATCH", ACCOUNT, {"display_name": "Somebody"}, if_match=seen)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (412, "changed_meanwhile")
    user.refresh_from_db()
    assert user.display_name == "Mara Voss"
    assert send(client, "PATCH", ACCOUNT, {"display_name": "Mara V."}, if_match=f'"x", {client.get(ACCOUNT)["ETag"]}').status_code == 200  # fmt: skip
    assert send(client, "PATCH", ACCOUNT, {"display_name": "Mara W."}, if_match="*").status_code == 200


@pytest.mark.parametrize("junk", ["", "x", '"', "\u00e9", '"0"'])
def test_what_is_no_etag_of_this_state_changes_nothing(junk: str) -> None:
    client = signed_in(make_user(display_name="Mara"))
    assert send(client, "PATCH", ACCOUNT, {"display_name": "X"}, if_match=junk).status_code == 412
    assert client.get(ACCOUNT).json()["display_name"] == "Mara"


def test_an_offer_is_closed_only_at_the_price_that_was_seen() -> None:
    client = signed_in(make_user())
    assert client.get(OFFER).status_code == 404
    send(client, "PUT", OFFER, {"price_micro": 300_000})
    seen = client.get(OFFER)["ETag"]
    send(client, "PUT", OFFER, {"price_micro": 400_000})
    assert send(client, "DELETE", OFFER, {}, if_match=seen).status_code == 412
    assert send(client, "PUT", OFFER, {"price_micro": 1}, if_match=seen).status_code == 412
    assert client.get(OFFER).json()["price_micro"] == 400_000
    assert send(client, "DELETE", OFFER, {}, if_match=client.get(OFFER)["ETag"]).status_code == 204
    assert client.get(OFFER).status_code == 404

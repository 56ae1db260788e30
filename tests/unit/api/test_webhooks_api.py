"""Endpoints and deliveries over REST."""

import io
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.accounts.organisations import create_organisation, give_account
from marketplace.webhooks import endpoints
from marketplace.webhooks.kinds import kinds
from marketplace.webhooks.models import Delivery, Endpoint
from tests.factories.accounts import make_user
from tests.factories.webhooks import URL, Clock, make_delivery, make_endpoint

pytestmark = pytest.mark.django_db
WEBHOOKS = "/api/v1/webhooks"
STATES = ("", "failed", "waiting")


@pytest.fixture
def person() -> User:
    return make_user()


@pytest.fixture
def call(person: User) -> Callable[..., Any]:
    """Method, path below /api/v1/webhooks and body; gives the answer."""
    client = Client()
    client.force_login(person)

    def send(method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        text = "" if body is None else json.dumps(body)
        return client.generic(method, WEBHOOKS + path, text, content_type="application/json", headers=headers)

    return send


def error(response: Any) -> tuple[int, str, str | None]:
    (told,) = response.json()["errors"]
    return response.status_code, told["code"], told["attr"]


def test_an_endpoint_is_made_with_a_secret_that_is_shown_once(call: Callable[..., Any]) -> None:
    made = call("POST", "", {"url": URL, "kinds": ["top_up.paid"], "description": "Books"})
    body = made.json()
    secret = body.pop("secret")
    assert (made.status_code, secret[:6]) == (201, "whsec_")
    assert body == {
        "id": body["id"],
        "url": URL,
        "kinds": ["top_up.paid"],
        "description": "Books",
        "enabled": True,
        "disabled_by": "",
        "failing_since": None,
        "old_secret_until": None,
        "created_at": body["created_at"],
    }
    assert call("GET", f"/{body['id']}").json() == body
    assert call("GET").json()["results"] == [body]


def test_secrets_lie_encrypted_in_the_database(call: Callable[..., Any]) -> None:
    secret = call("POST", "", {"url": URL}).json()["secret"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM webhooks_endpoint")
        (stored,) = cursor.fetchone()
    assert (secret in stored, stored.startswith("gAAAA"), Endpoint.objects.get().secret) == (False, True, secret)


def test_a_new_site_key_reads_old_secrets_while_the_old_one_is_named() -> None:
    secret = make_endpoint().secret
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=["insecure-until-HUB_SECRET_KEY-is-set"]):
        assert Endpoint.objects.get().secret == secret
    with override_settings(SECRET_KEY="another"):
        assert Endpoint.objects.get().secret == ""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, (400, "required", "url")),
        ({"url": "http://example.org/"}, (400, "bad_webhook_url", "url")),
        ({"url": "https://10.0.0.1/"}, (400, "bad_webhook_url", "url")),
        ({"url": URL, "kinds": ["style.exploded"]}, (400, "unknown_event_kind", "kinds")),
        ({"url": URL, "kinds": ["webhook.test"]}, (400, "unknown_event_kind", "kinds")),
        ({"url": URL, "kinds": ["\u0000" * 9]}, (400, "null_characters_not_allowed", "kinds.0")),
        ({"url": URL, "kinds": ["a"] * 101}, (400, "max_length", "kinds")),
        ({"url": URL, "description": "a" * 201}, (400, "bad_description", "description")),
        ({"url": URL, "description": "a\u200bb"}, (400, "bad_description", "description")),
        ({"url": "https://" + "a" * 1000}, (400, "bad_webhook_url", "url")),
    ],
)
def test_what_can_not_be_an_endpoint_is_refused(
    call: Callable[..., Any], body: Any, told: tuple[int, str, str | None]
) -> None:
    assert error(call("POST", "", body)) == told
    assert Endpoint.objects.count() == 0


def test_an_account_has_so_many_endpoints(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MAX_ENDPOINTS", 1)
    assert call("POST", "", {"url": URL}).status_code == 201
    assert error(call("POST", "", {"url": URL})) == (409, "too_many_endpoints", None)


def test_only_what_is_sent_changes(call: Callable[..., Any], person: User) -> None:
    endpoint = make_endpoint(account=person, description="Books", kinds=["top_up.paid"])
    answer = call("PATCH", f"/{endpoint.pk}", {"kinds": ["style.withdrawn", "style.published", "style.published"]})
    assert (answer.json()["kinds"], answer.json()["description"]) == (["style.published", "style.withdrawn"], "Books")
    assert error(call("PATCH", f"/{endpoint.pk}", {"url": "https://127.0.0.1"})) == (400, "bad_webhook_url", "url")
    endpoint.refresh_from_db()
    assert endpoint.url == URL


def test_switched_off_and_on_again(call: Callable[..., Any], person: User) -> None:
    endpoint = make_endpoint(account=person)
    waiting = make_delivery(endpoint)
    off = call("PATCH", f"/{endpoint.pk}", {"enabled": False}).json()
    assert (off["enabled"], off["disabled_by"], Delivery.objects.get().state) == (False, "owner", "failed")
    assert error(call("POST", f"/{endpoint.pk}/test", {})) == (409, "endpoint_off", None)
    on = call("PATCH", f"/{endpoint.pk}", {"enabled": True}).json()
    assert (on["enabled"], on["disabled_by"]) == (True, "")
    answer = call("POST", f"/{endpoint.pk}/replay", {"since": waiting.created_at.isoformat()})
    assert (answer.status_code, answer.json()) == (200, {"replayed": 1})


def test_a_new_secret_leaves_the_old_one_a_day(call: Callable[..., Any], person: User) -> None:
    endpoint = make_endpoint(account=person)
    new = call("POST", f"/{endpoint.pk}/rotate-secret").json()["secret"]
    changed = Endpoint.objects.get()
    assert changed.secrets(timezone.now()) == [new, endpoint.secret]
    assert changed.old_secret_until is not None
    assert changed.secrets(changed.old_secret_until) == [new]


def test_deleting_takes_the_log_with_it(call: Callable[..., Any], person: User) -> None:
    delivery = make_delivery(make_endpoint(account=person))
    assert call("DELETE", f"/{delivery.endpoint_id}").status_code == 204
    assert (Endpoint.objects.count(), Delivery.objects.count()) == (0, 0)


def test_the_log_is_filtered_and_shows_each_attempt(call: Callable[..., Any], person: User) -> None:
    endpoint = make_endpoint(account=person, url="http://127.0.0.1:1/")  # which the rules forbid: it fails at once
    failed, delivered = make_delivery(endpoint, is_test=True), make_delivery(endpoint, state="delivered")
    Clock().send()
    path = f"/{endpoint.pk}/deliveries"
    states = {state: [row["id"] for row in call("GET", f"{path}?state={state}").json()["results"]] for state in STATES}
    assert states == {"": [str(delivered.pk), str(failed.pk)], "failed": [str(failed.pk)], "waiting": []}
    assert call("GET", f"{path}?kind=top_up.paid").json()["results"] == []
    assert error(call("GET", f"{path}?state=lost")) == (400, "unknown_state", "state")
    shown = call("GET", f"{path}/{failed.pk}").json()
    (attempt,) = shown["attempts_made"]
    assert (shown["state"], shown["test"], shown["payload"]["type"]) == ("failed", True, "webhook.test")
    assert (attempt["number"], attempt["problem"], attempt["status"]) == (1, "url", None)
    assert set(attempt["request_headers"]) >= {"webhook-id", "webhook-timestamp", "webhook-signature"}


def test_one_is_sent_again_once_for_each_key(call: Callable[..., Any], person: User) -> None:
    delivery = make_delivery(make_endpoint(account=person), state="delivered", attempt=1, tries=1)
    path = f"/{delivery.endpoint_id}/deliveries/{delivery.pk}/replay"
    answer = call("POST", path, **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["state"], answer.json()["attempts"]) == (200, "waiting", 1)
    Delivery.objects.update(state="delivered")
    assert call("POST", path, **{"Idempotency-Key": "k"}).json() == answer.json()
    assert Delivery.objects.get().state == "delivered"


def test_a_test_sends_the_example_of_the_kind_that_is_asked_for(call: Callable[..., Any], person: User) -> None:
    endpoint = make_endpoint(account=person, kinds=["style.published"])
    answer = call("POST", f"/{endpoint.pk}/test", {"kind": "top_up.paid"})
    assert (answer.status_code, answer.json()["test"], answer.json()["kind"]) == (201, True, "top_up.paid")
    body = json.loads(Delivery.objects.get().message.body)
    assert (body["test"], body["data"]) == (True, kinds()["top_up.paid"].example.model_dump(mode="json"))
    assert error(call("POST", f"/{endpoint.pk}/test", {"kind": "no.such"})) == (400, "unknown_event_kind", "kind")


def test_the_kinds_are_listed_with_form_and_example(call: Callable[..., Any]) -> None:
    listed = {kind["name"]: kind for kind in call("GET", "/kinds").json()}
    assert "webhook.test" not in listed
    assert listed["generation.failed"]["schema"]["required"] == ["id", "code"]
    assert set(listed["generation.failed"]["example"]) == {"id", "code"}


def test_an_organisation_has_its_own(person: User) -> None:
    account = give_account(create_organisation(name="Studio", slug="studio", owner=person))
    client = Client()
    client.force_login(account)
    made = client.post(WEBHOOKS, json.dumps({"url": URL}), "application/json").json()
    assert Endpoint.objects.get(pk=made["id"]).account == account
    client.force_login(person)
    assert client.get(WEBHOOKS).json()["results"] == []


ROUTES = (
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/rotate-secret"),
    ("POST", "/test"),
    ("POST", "/replay"),
    ("GET", "/deliveries"),
    ("GET", "/deliveries/{delivery}"),
    ("POST", "/deliveries/{delivery}/replay"),
)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_anothers_endpoint_answers_as_one_that_does_not_exist(call: Callable[..., Any], method: str, path: str) -> None:
    delivery = make_delivery()
    answers = [
        call(method, f"/{endpoint}{path.format(delivery=delivery.pk)}", {"since": "2026-11-26T00:00:00Z"})
        for endpoint in (delivery.endpoint_id, uuid4())
    ]
    assert answers[0].json() == answers[1].json()
    assert {answer.status_code for answer in answers} == {404}
    assert Client().generic(method, f"{WEBHOOKS}/{delivery.endpoint_id}{path}").status_code in {401, 404}


def test_a_delivery_of_another_endpoint_is_none_of_this_one(call: Callable[..., Any], person: User) -> None:
    mine, theirs = make_endpoint(account=person), make_delivery()
    assert error(call("GET", f"/{mine.pk}/deliveries/{theirs.pk}")) == (404, "delivery_not_found", None)


def test_openapi_3_1_names_the_requests_that_the_hub_makes() -> None:
    document = schema()
    described = document["webhooks"]
    assert document["openapi"].startswith("3.1.")
    assert set(described) == set(kinds())
    operation = described["style.published"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    assert content["schema"]["properties"]["type"] == {"const": "style.published"}
    assert content["example"]["data"] == kinds()["style.published"].example.model_dump(mode="json")
    assert {parameter["name"] for parameter in operation["parameters"]} == {
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }


def schema() -> dict[str, Any]:
    """Valid, or the command fails."""
    out = io.StringIO()
    call_command("spectacular", "--validate", "--format", "openapi-json", stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document

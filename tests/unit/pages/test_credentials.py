"""The portal's pages of keys and clients."""

import re

import pytest
from django.test import Client

from marketplace.accounts import credentials
from marketplace.accounts.credentials import make_credential
from marketplace.accounts.models import Credential
from tests.factories.accounts import make_organisation, make_user, program_with
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db
ASKED = {"name": "Notebook", "scopes": ["wallet:read", "uploads"], "lifetime": "30"}


def wallet_with(secret: str) -> int:
    return program_with(secret).get("/api/v1/wallet").status_code


def test_a_key_is_shown_once_and_works() -> None:
    client = signed_in()
    made = client.post("/developers/keys/", ASKED)
    secret = made.context["secret"]
    assert ("no-store" in made["Cache-Control"], secret in made.content.decode()) == (True, True)
    page = client.get("/developers/keys/").content.decode()
    assert (secret in page, "Notebook" in page, f"{secret[:12]}…" in page, "uploads" in page) == (
        False,
        True,
        True,
        True,
    )
    assert wallet_with(secret) == 200
    key = Credential.objects.get()
    assert key.expires_at is not None
    assert (key.expires_at - key.created_at).days in {29, 30}


def test_a_client_shows_its_id_and_its_secret_and_gets_a_token() -> None:
    made = signed_in().post("/developers/clients/", ASKED)
    client_id = made.context["made"].label
    assert client_id in made.content.decode()
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": made.context["secret"]}
    told = Client().post(
        "/oauth/token", "&".join(f"{k}={v}" for k, v in form.items()), "application/x-www-form-urlencoded"
    )
    assert wallet_with(told.json()["access_token"]) == 200


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Give it a name."),
        ({"name": "n" * 61}, "at most 60 characters"),
        ({"name": "a\u200bb"}, "none of them control characters"),
        ({"scopes": []}, "Choose at least one scope."),
    ],
)
def test_a_form_that_does_not_do_is_refused_with_a_sentence(changes: dict[str, object], sentence: str) -> None:
    answer = signed_in().post("/developers/keys/", ASKED | changes)
    assert (answer.status_code, sentence in answer.content.decode(), Credential.objects.count()) == (400, True, 0)


def test_a_key_too_many_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "MAX_CREDENTIALS", 1)
    client = signed_in()
    first, second = (client.post("/developers/keys/", ASKED) for _ in range(2))
    assert (first.status_code, second.status_code, Credential.objects.count()) == (200, 409, 1)
    assert "Revoke one that is no longer used." in second.content.decode()


def test_rotating_shows_a_new_secret_beside_which_the_old_one_holds() -> None:
    user = make_user()
    key, old = make_credential(account=user, scopes=["wallet:read"])
    answer = signed_in(user).post(f"/developers/keys/{key.pk}/rotate/", {"overlap_hours": "1"})
    new = answer.context["secret"]
    assert (answer.status_code, wallet_with(old), wallet_with(new)) == (200, 200, 200)
    assert re.search(r"The secret before it holds until", answer.content.decode())
    signed_in(user).post(f"/developers/keys/{key.pk}/rotate/", {"overlap_hours": "0"})
    assert (wallet_with(old), wallet_with(new)) == (401, 401)


@pytest.mark.parametrize("action", ["rotate", "revoke"])
def test_nothing_can_be_done_to_anothers(action: str) -> None:
    key, secret = make_credential(account=make_user(), scopes=["wallet:read"])
    assert signed_in().post(f"/developers/keys/{key.pk}/{action}/").status_code == 404
    assert wallet_with(secret) == 200


def test_revoking_ends_it_and_takes_it_off_the_page() -> None:
    user = make_user()
    key, secret = make_credential(account=user, scopes=["wallet:read"], name="Old laptop")
    answer = signed_in(user).post(f"/developers/keys/{key.pk}/revoke/", follow=True)
    assert ("Revoked." in answer.content.decode(), "Old laptop" in answer.content.decode()) == (True, False)
    assert wallet_with(secret) == 401


def test_an_organisations_keys_are_made_by_its_developers_and_act_as_its_account() -> None:
    developer, member = make_user(), make_user()
    organisation = make_organisation(developer=developer, member=member)
    address = f"/developers/keys/?organisation={organisation.slug}"
    made = signed_in(developer).post(address, ASKED)
    assert Credential.objects.values_list("account", "made_by").get() == (organisation.account_id, developer.pk)
    assert wallet_with(made.context["secret"]) == 200
    assert organisation.name in signed_in(developer).get("/developers/keys/").content.decode()
    assert signed_in(member).get(address).status_code == 403
    assert signed_in().get(address).status_code == 404
    assert organisation.name not in signed_in(member).get("/developers/keys/").content.decode()


def test_every_link_of_the_portal_keeps_the_organisation() -> None:
    owner = make_user()
    organisation = make_organisation(owner)
    page = signed_in(owner).get(f"/developers/keys/?organisation={organisation.slug}").content.decode()
    for path in ("keys", "clients", "usage"):
        assert f'href="/developers/{path}/?organisation={organisation.slug}"' in page
    assert f'action="/developers/keys/?organisation={organisation.slug}"' in page

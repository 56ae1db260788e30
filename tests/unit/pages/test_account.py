"""Tokens, theme and language."""

import pytest
from django.test import Client
from knox.models import AuthToken

from marketplace.accounts import tokens
from tests.factories.accounts import PASSWORD, make_user
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db


def test_a_token_is_shown_once_and_works() -> None:
    user = make_user()
    client = signed_in(user)
    made = client.post("/account/tokens/", {"name": "Notebook"})
    token = made.context["token"]
    assert (made["Cache-Control"].split(", ")[0], token in made.content.decode()) == ("max-age=0", True)
    page = client.get("/account/").content.decode()
    assert (token in page, "Notebook" in page, f"{token[:15]}…" in page) == (False, True, True)
    assert Client().get("/api/v1/wallet", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Give the token a name."),
        ("   ", "Give the token a name."),
        ("n" * 61, "at most 60 characters"),
        ("a\u200bb", "none of them control characters"),
    ],
)
def test_a_token_without_a_usable_name_is_refused_with_a_sentence(name: str, sentence: str) -> None:
    answer = signed_in().post("/account/tokens/", {"name": name})
    assert (answer.status_code, sentence in answer.content.decode(), AuthToken.objects.count()) == (400, True, 0)


def test_a_token_too_many_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_TOKENS", 1)
    client = signed_in()
    first, second = (client.post("/account/tokens/", {"name": name}) for name in ("one", "two"))
    assert (first.status_code, second.status_code, AuthToken.objects.count()) == (200, 409, 1)
    assert "Revoke one that you no longer use." in second.content.decode()


def test_revoking_ends_ones_own_token_and_nobody_elses() -> None:
    mine, theirs = make_user(), make_user()
    token = AuthToken.objects.create(theirs)[0].token_key
    assert signed_in(mine).post(f"/account/tokens/{token}/revoke/").status_code == 404
    assert AuthToken.objects.count() == 1
    signed_in(theirs).post(f"/account/tokens/{token}/revoke/")
    assert AuthToken.objects.count() == 0


@pytest.mark.parametrize(
    ("choice", "attribute"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"'), ("red", "")]
)
def test_the_chosen_theme_is_served_without_script(client: Client, choice: str, attribute: str) -> None:
    client.post("/theme/", {"theme": choice, "next": "/"})
    page = client.get("/").content.decode()
    head = page[: page.index("<head>")]
    assert (attribute in head, "data-theme" in head) == (True, bool(attribute))


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example", "javascript:go()", ""])
def test_the_theme_switch_sends_nobody_elsewhere(client: Client, address: str) -> None:
    assert client.post("/theme/", {"theme": "dark", "next": address})["Location"] == "/"


def test_a_person_signs_up_and_in_with_an_address(client: Client) -> None:
    fields = {"email": "mara@example.org", "display_name": "Mara", "password1": PASSWORD}
    assert client.post("/accounts/signup/", fields).status_code == 302
    assert "Account of Mara" in client.get("/").content.decode()
    client.post("/accounts/logout/")
    assert "Account of Mara" not in client.get("/").content.decode()
    client.post("/accounts/login/", {"login": "mara@example.org", "password": PASSWORD})
    assert "Account of Mara" in client.get("/").content.decode()

"""Theme, language and the way in."""

import pytest
from django.test import Client

from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db


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

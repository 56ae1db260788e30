"""Who sees which page, and what every answer carries."""

from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from tests.factories.catalogue import make_version, tiny_sdxl_base
from tests.factories.generation import order
from tests.factories.uploads import make_upload, ready_upload
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db
PUBLIC = ("gallery", "create", "solvency", "developers", "quick_starts")
PRIVATE = (
    "history",
    "wallet",
    "studio",
    "uploads",
    "upload",
    "earnings",
    "account",
    "organisations",
    "keys",
    "clients",
    "usage",
    "licensing_entrance",
)
ACCOUNT = ("account_login", "account_signup", "account_reset_password")
OWN_ACCOUNT = ("account_change_password", "account_email", "account_logout")


@pytest.fixture(autouse=True)
def base() -> None:
    tiny_sdxl_base()


@pytest.mark.parametrize("name", PUBLIC)
def test_anyone_may_look_around(name: str) -> None:
    assert Client().get(reverse(f"pages:{name}")).status_code == 200
    assert signed_in().get(reverse(f"pages:{name}")).status_code == 200


@pytest.mark.parametrize("name", PRIVATE)
def test_what_is_a_persons_own_asks_for_sign_in(name: str) -> None:
    address = reverse(f"pages:{name}")
    answer = Client().get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"{reverse('account_login')}?next={address}")
    assert signed_in().get(address).status_code == 200


@pytest.mark.parametrize("name", ACCOUNT)
def test_the_way_in_is_open(name: str) -> None:
    assert Client().get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", OWN_ACCOUNT)
def test_sign_in_settings_are_in_our_look(name: str) -> None:
    assert "css/app.css" in signed_in().get(reverse(name)).content.decode()


@pytest.mark.parametrize("name", ["generation", "generation_status", "generation_image", "generation_download"])
def test_another_persons_picture_does_not_exist(name: str) -> None:
    theirs, nobodys = order(), uuid4()
    client = signed_in()
    assert client.get(reverse(f"pages:{name}", args=[theirs.pk])).status_code == 404
    assert client.get(reverse(f"pages:{name}", args=[nobodys])).status_code == 404


def test_a_picture_that_is_not_ones_own_leads_back_to_those_that_are() -> None:
    page = signed_in().get(reverse("pages:generation", args=[order().pk])).content.decode()
    content = page[page.index("<main") : page.index("</main>")]
    assert ("There is no such image among yours." in content, 'href="/history/"' in content) == (True, True)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("generation_cancel", order),
        ("abort_upload", make_upload),
        ("publish", ready_upload),
        ("withdraw", make_version),
    ],
)
def test_nothing_can_be_done_to_what_is_anothers(name: str, make: type) -> None:
    theirs = make()
    before = theirs.state
    assert signed_in().post(reverse(f"pages:{name}", args=[theirs.pk])).status_code == 404
    theirs.refresh_from_db()
    assert theirs.state == before


def test_a_style_that_does_not_exist_is_404() -> None:
    assert Client().get("/styles/no-such-style/").status_code == 404


def test_every_page_carries_a_strict_content_policy() -> None:
    policy = Client().get("/")["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";") if part.strip())
    assert {name: directives[name] for name in ("default-src", "script-src", "style-src", "frame-ancestors")} == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "frame-ancestors": "'none'",
    }


def test_the_health_address_answers() -> None:
    assert Client().get("/healthz").content == b"ok"


def test_a_form_that_has_grown_old_is_explained() -> None:
    answer = Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"})
    assert (answer.status_code, "This form has grown old" in answer.content.decode()) == (403, True)


def test_the_page_of_last_resort_needs_nothing() -> None:
    page = render_to_string("500.html")
    assert ("Something broke on our side" in page, "css/app.css" in page) == (True, True)


def test_a_missing_page_is_shown_in_our_look(client: Client) -> None:
    answer = client.get("/no/such/page")
    assert (answer.status_code, "css/app.css" in answer.content.decode()) == (404, True)

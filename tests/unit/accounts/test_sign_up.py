"""Signing up, through the very form that people use."""

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.rights.selectors import opted_out_names
from tests.factories.accounts import PASSWORD, make_staff, make_user

pytestmark = pytest.mark.django_db


def test_a_person_signs_up_with_a_display_name_and_is_signed_in() -> None:
    client = Client()
    form = {"email": "Mara@Example.org", "display_name": "Mara Ink", "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/accounts/signup/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    user = User.objects.get()
    assert (user.email, user.display_name, user.check_password(PASSWORD)) == ("mara@example.org", "Mara Ink", True)
    assert client.get("/api/v1/uploads").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"email": "nonsense"}, {"display_name": ""}, {"display_name": "n" * 61}, {"password1": "12345"}, {"email": ""}],
)
def test_a_bad_form_makes_nobody(changes: dict[str, str]) -> None:
    form = {"email": "mara@example.org", "display_name": "Mara", "password1": PASSWORD} | changes
    assert Client().post("/accounts/signup/", form).status_code == 200
    assert not User.objects.exists()


def test_two_addresses_that_differ_in_case_are_one_person() -> None:
    make_user(email="mara@example.org")
    form = {"email": "MARA@example.org", "display_name": "Mara", "password1": PASSWORD}
    Client().post("/accounts/signup/", form)
    assert User.objects.count() == 1


@pytest.mark.parametrize("page", ["accounts/user", "rights/optoutname", "catalogue/styleversion", "uploads/upload"])
def test_staff_see_the_admin_pages_and_others_do_not(page: str) -> None:
    client = Client()
    client.force_login(make_staff())
    assert client.get(f"/admin/{page}/").status_code == 200
    client.force_login(make_user())
    assert client.get(f"/admin/{page}/").status_code == 302


def test_staff_add_a_name_to_the_opt_out_list() -> None:
    client = Client()
    client.force_login(make_staff())
    form = {"name": "Exámple Artist", "kind": "artist"}
    assert client.post("/admin/rights/optoutname/add/", form).status_code == 302
    assert client.post("/admin/rights/optoutname/add/", {"name": "x", "kind": "artist"}).status_code == 200
    assert opted_out_names("by example artist") == ["Exámple Artist"]

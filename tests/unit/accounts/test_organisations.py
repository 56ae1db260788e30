"""Organisations: who may do what, and an owner that always stays."""

import json
from typing import Any

import pytest
from django.test import Client

from marketplace.accounts.models import Membership, Organisation, User
from marketplace.accounts.organisations import (
    create_organisation,
    give_account,
    give_role,
    organisation_of,
    remove_member,
)
from marketplace.accounts.roles import MAY, RIGHTS, Right, Role
from marketplace.accounts.tokens import create_token
from marketplace.errors import Conflict, InvalidInput
from tests.factories.accounts import make_organisation, make_staff, make_user, program_with

pytestmark = pytest.mark.django_db


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def test_one_is_made_with_an_owner_and_an_account_that_nobody_signs_in_to() -> None:
    owner = make_user()
    organisation = create_organisation(name="  Film   Archive ", owner=owner)
    account = give_account(organisation)
    assert (organisation.name, organisation.slug, account.display_name) == (
        "Film Archive",
        "film-archive",
        "Film Archive",
    )
    assert (organisation_of(account), account.has_usable_password()) == (organisation, False)
    assert Membership.objects.values_list("user", "role").get() == (owner.pk, "owner")


def test_names_may_repeat_and_addresses_do_not() -> None:
    slugs = [create_organisation(name=name, owner=make_user()).slug for name in ("Ink", "Ink", "彩り")]
    assert (slugs[0], len(set(slugs)), all(slugs)) == ("ink", 3, True)


def test_an_account_can_be_made_even_where_somebody_holds_the_likely_address() -> None:
    make_user(email="ink@organisations.invalid")
    assert create_organisation(name="Ink", owner=make_user()).account is not None


@pytest.mark.parametrize("name", ["", "  ", "n" * 81, "a\x00b"])
def test_a_name_is_something_that_can_be_read(name: str) -> None:
    with pytest.raises(InvalidInput):
        create_organisation(name=name, owner=make_user())
    assert not Organisation.objects.exists()


def test_the_last_owner_neither_leaves_nor_steps_down() -> None:
    owner, other = make_user(), make_user()
    organisation = make_organisation(owner, member=other)
    for attempt in (
        lambda: remove_member(organisation=organisation, user_id=owner.pk),
        lambda: give_role(organisation=organisation, user_id=owner.pk, role=Role.MEMBER),
    ):
        with pytest.raises(Conflict):
            attempt()
    give_role(organisation=organisation, user_id=other.pk, role=Role.OWNER)
    remove_member(organisation=organisation, user_id=owner.pk)
    assert list(organisation.members.all()) == [other]


def test_the_table_of_roles_is_whole() -> None:
    assert (set(MAY), set(RIGHTS), MAY[Role.OWNER]) == (set(Role), set(Right), frozenset(Right))
    assert all(Right.SEE in rights for rights in MAY.values())


# What each right opens: method, address below the organisation, body, the answer of whoever has it.
ADDRESSES: dict[Right, tuple[str, str, dict[str, Any], int]] = {
    Right.SEE: ("get", "organisations/{slug}/members", {}, 200),
    Right.SEE_MONEY: ("get", "organisations/{slug}/wallet", {}, 200),
    Right.TOP_UP: ("post", "organisations/{slug}/top-ups", {"amount_micro": 5_000_000}, 201),
    Right.KEYS: ("post", "keys?organisation={slug}", {"scopes": ["generate"]}, 201),
    Right.MANAGE: ("patch", "organisations/{slug}", {"name": "Another name"}, 200),
}


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("role", Role)
def test_each_role_may_do_what_the_table_says(role: Role, right: Right) -> None:
    member = make_user()
    organisation = make_organisation()
    Membership.objects.create(organisation=organisation, user=member, role=role)
    method, path, body, status = ADDRESSES[right]
    answer = browser_of(member).generic(
        method.upper(),
        "/api/v1/" + path.format(slug=organisation.slug),
        json.dumps(body),
        content_type="application/json",
    )
    expected = (status, None) if right in MAY[role] else (403, "role_not_enough")
    refused = answer.json()["errors"][0]["code"] if answer.status_code == 403 else None
    assert (answer.status_code, refused) == expected


@pytest.mark.parametrize("right", Right)
def test_who_is_no_member_is_not_told_that_it_exists(right: Right) -> None:
    organisation = make_organisation()
    method, path, body, _ = ADDRESSES[right]
    answers = [
        browser_of(make_user()).generic(
            method.upper(), "/api/v1/" + path.format(slug=slug), json.dumps(body), content_type="application/json"
        )
        for slug in (organisation.slug, "no-such")
    ]
    assert (answers[0].status_code, answers[0].content) == (404, answers[1].content)


def test_its_own_program_sees_it_and_manages_nothing() -> None:
    organisation = make_organisation()
    _, secret = create_token(user=give_account(organisation))
    program = program_with(secret)
    address = f"/api/v1/organisations/{organisation.slug}"
    assert program.get(address).json()["name"] == organisation.name
    assert program.get(f"{address}/wallet").status_code == 200
    assert program.patch(address, {"name": "x"}, content_type="application/json").status_code == 403
    made = program.post("/api/v1/organisations", {"name": "x"}, content_type="application/json")
    assert (made.status_code, made.json()["errors"][0]["code"]) == (403, "not_a_person")


def test_a_member_leaves_and_an_owner_removes_over_rest() -> None:
    owner, leaver, removed = make_user(), make_user(), make_user()
    organisation = make_organisation(owner, member=leaver, developer=removed)
    address = f"/api/v1/organisations/{organisation.slug}/members"
    assert browser_of(leaver).delete(f"{address}/{removed.pk}").status_code == 403
    assert browser_of(leaver).delete(f"{address}/{leaver.pk}").status_code == 204
    assert browser_of(owner).delete(f"{address}/{removed.pk}").status_code == 204
    assert browser_of(owner).delete(f"{address}/{owner.pk}").status_code == 409
    assert browser_of(owner).delete(f"{address}/{leaver.pk}").status_code == 404
    assert list(organisation.members.all()) == [owner]


def test_keys_that_a_member_made_stay_with_the_organisation() -> None:
    developer = make_user()
    organisation = make_organisation(developer=developer)
    asked = {"name": "render farm", "scopes": ["wallet:read"]}
    made = browser_of(developer).post(
        f"/api/v1/keys?organisation={organisation.slug}", asked, content_type="application/json"
    )
    remove_member(organisation=organisation, user_id=developer.pk)
    assert program_with(made.json()["secret"]).get("/api/v1/wallet").status_code == 200
    assert browser_of(developer).get("/api/v1/keys").json()["results"] == []
    assert browser_of(developer).get(f"/api/v1/keys?organisation={organisation.slug}").status_code == 404


def test_one_that_staff_make_has_an_account_at_once() -> None:
    client = browser_of(make_staff())
    nobody = {f"memberships-{field}": "0" for field in ("TOTAL_FORMS", "INITIAL_FORMS")}
    client.post("/admin/accounts/organisation/add/", {"name": "Broadcaster", "slug": "broadcaster"} | nobody)
    assert Organisation.objects.get().account is not None


@pytest.mark.parametrize(
    "address", ["keys?organisation=%00", "keys?organisation=%F0%9F%8E%A8", "organisations/{slug}/members/" + "9" * 30]
)
def test_a_name_or_number_that_no_database_holds_is_simply_not_found(address: str) -> None:
    owner = make_user()
    path = "/api/v1/" + address.format(slug=make_organisation(owner).slug)
    method = "delete" if "members" in path else "get"
    assert browser_of(owner).generic(method.upper(), path).status_code == 404

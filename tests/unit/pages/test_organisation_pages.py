"""Organisations as people use them: made, filled, topped up, left."""

import pytest

from marketplace.accounts.invitations import invite, link_token
from marketplace.accounts.models import Invitation, Membership, Organisation
from marketplace.accounts.organisations import give_account
from marketplace.accounts.roles import Role
from marketplace.orders.models import TopUp
from tests.factories.accounts import make_organisation, make_user
from tests.factories.ledger import give_credit
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db


def test_a_person_makes_one_and_is_its_owner() -> None:
    user = make_user()
    answer = signed_in(user).post("/organisations/", {"name": "Film Archive"})
    assert answer["Location"] == "/organisations/film-archive/"
    assert Membership.objects.values_list("user", "role").get() == (user.pk, "owner")
    assert "Film Archive" in signed_in(user).get("/organisations/").content.decode()


def test_a_name_that_does_not_do_is_refused_with_a_sentence() -> None:
    answer = signed_in().post("/organisations/", {"name": "  "})
    assert (answer.status_code, "Give it a name." in answer.content.decode()) == (400, True)
    assert not Organisation.objects.exists()


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        (Role.OWNER, ["In the organisation's wallet", "Go to payment", "Invite", "Rename", "Leave", "Save"], []),
        (Role.BILLING, ["In the organisation's wallet", "Go to payment", "Leave"], ["Invite", "Rename"]),
        (Role.DEVELOPER, ["In the organisation's wallet", "Leave", "Keys"], ["Go to payment", "Invite"]),
        (Role.MEMBER, ["Leave", "Earnings"], ["In the organisation's wallet", "Go to payment", "Invite"]),
    ],
)
def test_the_page_offers_what_the_role_may_do(role: Role, shown: list[str], hidden: list[str]) -> None:
    user = make_user()
    organisation = make_organisation()
    Membership.objects.create(organisation=organisation, user=user, role=role)
    page = signed_in(user).get(f"/organisations/{organisation.slug}/").content.decode().replace("&#x27;", "'")
    content = page[page.index("<main") : page.index("</main>")]
    found = {words: f">{words}<" in content for words in [*shown, *hidden]}
    assert found == dict.fromkeys(shown, True) | dict.fromkeys(hidden, False)


def test_the_wallet_is_the_organisations() -> None:
    billing = make_user()
    organisation = make_organisation(billing=billing)
    account = give_account(organisation)
    give_credit(account, 1234)
    page = signed_in(billing).get(f"/organisations/{organisation.slug}/").content.decode()
    assert "1,234" in page
    signed_in(billing).post(f"/organisations/{organisation.slug}/top-up/", {"amount_micro": "5000000"})
    assert TopUp.objects.values_list("buyer", "amount_micro").get() == (account.pk, 5_000_000)


@pytest.mark.parametrize(
    "path", ["rename/", "invitations/", "top-up/", "members/999999/role/", "members/999999/remove/"]
)
def test_a_member_can_do_none_of_it(path: str) -> None:
    member = make_user()
    organisation = make_organisation(member=member)
    fields = {"name": "x", "email": "a@example.org", "role": "owner", "amount_micro": "5000000"}
    client = signed_in(member)
    assert client.post(f"/organisations/{organisation.slug}/{path}", fields).status_code == 403
    assert signed_in().post(f"/organisations/{organisation.slug}/{path}", fields).status_code == 404
    assert not TopUp.objects.exists()


def test_an_owner_invites_gives_roles_and_removes() -> None:
    owner, mara = make_user(), make_user(email="mara@example.org", display_name="Mara Ito")
    organisation = make_organisation(owner)
    client, address = signed_in(owner), f"/organisations/{organisation.slug}/"
    client.post(f"{address}invitations/", {"email": mara.email, "role": "developer"})
    link = f"/invitations/{link_token(Invitation.objects.get())}/"
    assert link in client.get(address).content.decode()
    assert signed_in(mara).post(link)["Location"] == address
    client.post(f"{address}members/{mara.pk}/role/", {"role": "billing"})
    assert Membership.objects.get(user=mara).role == Role.BILLING
    client.post(f"{address}members/{mara.pk}/remove/")
    assert list(organisation.members.all()) == [owner]


def test_the_last_owner_is_told_why_leaving_is_refused() -> None:
    owner = make_user()
    organisation = make_organisation(owner)
    answer = signed_in(owner).post(f"/organisations/{organisation.slug}/members/{owner.pk}/remove/")
    assert (answer.status_code, "Make another member an owner first." in answer.content.decode()) == (409, True)


def test_looking_at_an_invitation_does_not_accept_it() -> None:
    organisation = make_organisation()
    mara = make_user(email="mara@example.org")
    invitation = invite(
        organisation=organisation, email=mara.email, role=Role.MEMBER, invited_by=organisation.members.get()
    )
    address = f"/invitations/{link_token(invitation)}/"
    assert signed_in(mara).get(address).status_code == 200
    other = signed_in()
    assert "another address" in other.get(address).content.decode()
    assert other.post(address).status_code == 403
    assert not organisation.members.filter(pk=mara.pk).exists()
    assert other.get("/invitations/nonsense/").status_code == 404

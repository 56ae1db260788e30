"""Invitations: one address, one week, one use."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from marketplace.accounts.invitations import HOLDS, accept, invite, link_token, open_invitations
from marketplace.accounts.models import Invitation, Membership, User
from marketplace.accounts.roles import Role
from marketplace.accounts.tokens import create_token
from marketplace.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tests.factories.accounts import make_organisation, make_user, program_with

pytestmark = pytest.mark.django_db


def invited(email: str = "mara@example.org", role: str = Role.DEVELOPER) -> Invitation:
    organisation = make_organisation()
    owner = organisation.members.get()
    return invite(organisation=organisation, email=email, role=role, invited_by=owner)


def test_who_follows_the_link_joins_in_the_role_and_once() -> None:
    invitation, mara = invited(), make_user(email="mara@example.org")
    token = link_token(invitation)
    organisation = accept(token=token, user=mara)
    assert Membership.objects.values_list("organisation", "role").get(user=mara) == (organisation.pk, "developer")
    with pytest.raises(NotFound):
        accept(token=token, user=mara)


def test_the_link_is_for_the_address_alone() -> None:
    token = link_token(invited())
    with pytest.raises(NotAllowed):
        accept(token=token, user=make_user())
    accept(token=token, user=make_user(email="mara@example.org"))


def test_the_link_holds_for_a_week() -> None:
    invitation, mara = invited(), make_user(email="mara@example.org")
    with time_machine.travel(timezone.now() + HOLDS + timedelta(seconds=1)):
        assert not open_invitations(invitation.organisation).exists()
        with pytest.raises(NotFound):
            accept(token=link_token(invitation), user=mara)


@pytest.mark.parametrize("token", ["", "x", "1", "MQ.x"])
def test_a_link_that_nobody_signed_leads_nowhere(token: str) -> None:
    with pytest.raises(NotFound):
        accept(token=token, user=make_user())


def test_inviting_again_ends_the_link_before() -> None:
    first = invited()
    token = link_token(first)
    owner = first.invited_by
    second = invite(organisation=first.organisation, email=" MARA@example.org ", role=Role.BILLING, invited_by=owner)
    assert list(open_invitations(first.organisation)) == [second]
    mara = make_user(email="mara@example.org")
    with pytest.raises(NotFound):
        accept(token=token, user=mara)
    accept(token=link_token(second), user=mara)
    assert Membership.objects.get(user=mara).role == Role.BILLING


def test_what_is_no_invitation_is_refused() -> None:
    organisation = make_organisation()
    owner = organisation.members.get()
    for email, role, refusal in (
        ("nonsense", Role.MEMBER, InvalidInput),
        ("mara@example.org", "king", InvalidInput),
        (owner.email, Role.MEMBER, Conflict),
    ):
        with pytest.raises(refusal):
            invite(organisation=organisation, email=email, role=role, invited_by=owner)
    assert not Invitation.objects.exists()


def test_over_rest_a_mail_goes_out_with_the_link_and_the_link_works(
    django_capture_on_commit_callbacks: type,
) -> None:
    organisation = make_organisation()
    owner, mara = organisation.members.get(), make_user(email="mara@example.org")
    client, guest = Client(), Client()
    client.force_login(owner, "django.contrib.auth.backends.ModelBackend")
    guest.force_login(mara, "django.contrib.auth.backends.ModelBackend")
    address = f"/api/v1/organisations/{organisation.slug}/invitations"
    with django_capture_on_commit_callbacks(execute=True):
        made = client.post(address, {"email": mara.email, "role": "member"}, content_type="application/json").json()
    (letter,) = mail.outbox
    assert (letter.to, made["link"] in letter.body, organisation.name in letter.subject) == ([mara.email], True, True)
    path = made["link"].removeprefix("http://testserver")
    assert organisation.name in guest.get(path).content.decode()
    assert guest.post(path)["Location"] == f"/organisations/{organisation.slug}/"
    assert organisation.members.filter(pk=mara.pk).exists()
    assert client.get(address).json()["results"] == []


@pytest.mark.parametrize("shorten", [False, True])
def test_a_program_of_the_invited_person_accepts_it(shorten: bool) -> None:
    invitation = invited()
    token = link_token(invitation)
    link = token if shorten else f"https://hub.example/invitations/{token}/"
    mara, other = make_user(email="mara@example.org"), make_user()

    def accepted(user: User) -> Any:
        client = program_with(create_token(user=user)[1])
        return client.post("/api/v1/invitations/accept", {"link": link}, "application/json")

    assert accepted(other).json()["errors"][0]["code"] == "other_address"
    joined = accepted(mara)
    assert (joined.status_code, joined.json()["slug"]) == (200, invitation.organisation.slug)
    assert invitation.organisation.members.filter(pk=mara.pk).exists()
    assert accepted(mara).json()["errors"][0]["code"] == "invitation_not_found"


def test_one_that_is_withdrawn_leads_nowhere() -> None:
    invitation = invited()
    client = Client()
    client.force_login(invitation.invited_by, "django.contrib.auth.backends.ModelBackend")
    address = f"/api/v1/organisations/{invitation.organisation.slug}/invitations/{invitation.pk}"
    assert [client.delete(address).status_code for _ in range(2)] == [204, 404]
    with pytest.raises(NotFound):
        accept(token=link_token(invitation), user=make_user(email="mara@example.org"))

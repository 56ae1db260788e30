"""Many at once, on the database as it really runs."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from marketplace.accounts.callers import caller_of
from marketplace.accounts.credentials import MAX_CREDENTIALS, USUAL_OVERLAP, make_credential, rotate
from marketplace.accounts.invitations import accept, invite, link_token
from marketplace.accounts.models import Credential, Membership, User
from marketplace.accounts.organisations import give_role, remove_member
from marketplace.accounts.roles import Role
from marketplace.errors import Conflict, Refusal
from tests.factories.accounts import make_organisation, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def at_once(times: int, act: Callable[[int], object]) -> Counter[str]:
    """What the calls answered, "done" or a refusal's code, made from eight threads with a connection each."""

    def call(number: int) -> str:
        try:
            act(number)
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(8) as threads:
        return Counter(threads.map(call, range(times)))


@pytest.mark.parametrize("way", ["leave", "step down"])
def test_of_eight_owners_who_all_go_at_once_one_stays(way: str) -> None:
    owners = [make_user() for _ in range(8)]
    organisation = make_organisation(owners[0])
    for owner in owners[1:]:
        Membership.objects.create(organisation=organisation, user=owner, role=Role.OWNER)

    def act(number: int) -> object:
        if way == "leave":
            return remove_member(organisation=organisation, user_id=owners[number].pk)
        return give_role(organisation=organisation, user_id=owners[number].pk, role=Role.MEMBER)

    assert at_once(8, act) == {"done": 7, "last_owner": 1}
    assert Membership.objects.filter(role=Role.OWNER).count() == 1


def test_an_invitation_followed_eight_times_at_once_is_used_once() -> None:
    organisation, mara = make_organisation(), make_user(email="mara@example.org")
    owner = organisation.members.get()
    token = link_token(invite(organisation=organisation, email=mara.email, role=Role.MEMBER, invited_by=owner))
    assert at_once(8, lambda _: accept(token=token, user=mara)) == {"done": 1, "invitation_not_found": 7}
    assert organisation.members.filter(pk=mara.pk).count() == 1


def test_of_forty_keys_made_at_once_twenty_are() -> None:
    user = make_user()
    answers = at_once(2 * MAX_CREDENTIALS, lambda _: make_credential(account=user, scopes=["generate"]))
    assert answers == {"done": MAX_CREDENTIALS, "too_many_keys": MAX_CREDENTIALS}


@pytest.mark.parametrize(("overlap", "hold"), [(USUAL_OVERLAP, 9), (timedelta(0), 1)])
def test_of_many_rotations_at_once_all_secrets_overlap_or_the_newest_holds_alone(overlap: timedelta, hold: int) -> None:
    key, first = make_credential(account=make_user(), scopes=["generate"])
    secrets = [first]
    at_once(8, lambda _: secrets.append(rotate(credential=Credential.objects.get(pk=key.pk), overlap=overlap)))
    assert (len(secrets), sum(caller_of(secret) is not None for secret in secrets)) == (9, hold)


def test_a_hundred_requests_at_once_note_the_use_and_let_everybody_in() -> None:
    user = make_user()
    key, secret = make_credential(account=user, scopes=["generate"])

    def act(_number: int) -> None:
        if caller_of(secret) is None:
            raise Conflict("It was not let in.")

    before = timezone.now()
    assert at_once(100, act) == {"done": 100}
    used = Credential.objects.get().last_used_at
    assert used is not None
    assert before <= used < before + timedelta(minutes=1)
    assert User.objects.get().credentials.get() == key

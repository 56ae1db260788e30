"""Bases, versions and keys are kept between requests, and whatever changes about them holds from the next request on."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction
from django.db.models import Model
from pytest_django import DjangoAssertNumQueries

from marketplace.accounts.credentials import matching, revoke, rotate
from marketplace.accounts.models import Credential, User
from marketplace.accounts.organisations import give_account, partner_of, rename
from marketplace.accounts.secrets import digest
from marketplace.accounts.tokens import create_token
from marketplace.catalogue.models import BaseModel, Style, StyleVersion
from marketplace.generation.offered import Offered, offered
from marketplace.kept import Kept, Rows
from marketplace.payouts.models import Plan
from marketplace.payouts.selectors import names_in, newest_base_plan
from tests.factories.accounts import make_organisation, make_user
from tests.factories.catalogue import echo_base
from tests.factories.generation import echo_version

pytestmark = [pytest.mark.django_db, pytest.mark.services]

ASKED_BEFORE = 3  # The first time a row is read, the second time it is kept, and the third time it is not read again.


def asked_before(version: StyleVersion) -> StyleVersion:
    return [offered((), [version.pk]).versions[version.pk] for _ in range(ASKED_BEFORE)][-1]


@pytest.mark.parametrize(
    ("model", "change", "seen"),
    [
        (StyleVersion, {"price_micro": 7}, lambda version: version.price_micro == 7),
        (StyleVersion, {"state": "withdrawn"}, lambda version: version.state == "withdrawn"),
        (StyleVersion, {"commercial_use": False}, lambda version: not version.policy.commercial_use),
        (Style, {"title": "Other Ink"}, lambda version: version.style.title == "Other Ink"),
        (User, {"display_name": "Ren"}, lambda version: version.style.creator.display_name == "Ren"),
        (User, {"display_name": "Ren"}, lambda version: "Ren" in names_in(version.plan).values()),
    ],
)
def test_a_version_changes_at_once(
    model: type[Model], change: dict[str, object], seen: Callable[[StyleVersion], bool]
) -> None:
    version = asked_before(echo_version(creator=make_user(display_name="Mara")))
    assert not seen(version)
    # All rows, and twice in this one transaction, of which the second has nothing new to tell but where it lies.
    model._default_manager.update(**dict.fromkeys(change, getattr(model._default_manager.first(), next(iter(change)))))
    asked_before(version)
    model._default_manager.update(**change)
    assert seen(offered((), [version.pk]).versions[version.pk])


def test_what_was_taken_back_is_not_kept() -> None:
    version = asked_before(echo_version(price_micro=5))
    with transaction.atomic():
        StyleVersion.objects.update(price_micro=6)
        assert asked_before(version).price_micro == 6
        transaction.set_rollback(True)
    assert offered((), [version.pk]).versions[version.pk].price_micro == 5


def test_a_base_changes_at_once() -> None:
    base = echo_base()
    plans = [newest_base_plan(offered(["echo"], ()).bases["echo"]) for _ in range(ASKED_BEFORE)]
    assert plans == [None] * ASKED_BEFORE
    plan = Plan.objects.create(base_model=base)
    assert newest_base_plan(offered(["echo"], ()).bases["echo"]) == plan
    BaseModel.objects.update(enabled=False)
    assert offered(["echo"], ()).bases == {}


def test_a_key_changes_at_once() -> None:
    organisation = make_organisation()
    account = give_account(organisation)
    credential, secret = create_token(user=account)

    def holder(shown: str) -> Credential | None:
        return [matching(digest(shown), "key") for _ in range(ASKED_BEFORE)][-1]

    assert (found := holder(secret)) is not None
    assert (found.account, partner_of(found.account)) == (account, organisation.slug)
    rename(organisation=organisation, name="Other Archive")
    assert (found := matching(digest(secret), "key")) is not None
    assert (found.account.display_name, found.account.organisation.name) == ("Other Archive", "Other Archive")
    newer = rotate(credential=credential)
    assert holder(secret) == holder(newer) == credential
    newest = rotate(credential=credential)
    assert holder(secret) == holder(newer) == holder(newest) == credential
    ended = [secret, newer, newest]
    secret, newer = newest, rotate(credential=credential, overlap=timedelta(0))
    assert [holder(each) for each in ended] == [None] * 3
    revoke(credential=credential)
    assert matching(digest(secret), "key") is matching(digest(newer), "key") is None


def test_who_may_not_sign_in_any_more_is_refused_at_once() -> None:
    account = make_user()
    _, secret = create_token(user=account)
    assert all(matching(digest(secret), "key") for _ in range(ASKED_BEFORE))
    User.objects.filter(pk=account.pk).update(is_active=False)
    assert matching(digest(secret), "key") is None


def test_nobody_sees_what_another_does_to_a_copy() -> None:
    version = asked_before(echo_version(price_micro=5))
    version.price_micro, version.style.title = 6, "Mine"
    again = offered((), [version.pk]).versions[version.pk]
    assert (again.price_micro, again.style.title) == (5, again.style.title.replace("Mine", ""))


def test_what_was_read_before_costs_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite doesn't tell when a row was changed.")
    versions = [echo_version() for _ in range(2)]
    asked = (["echo"], [version.pk for version in versions])
    assert [offered(*asked) for _ in range(ASKED_BEFORE)]
    with django_assert_num_queries(1):
        found = offered(*asked)
    assert found == Offered({"echo": echo_base()}, {version.pk: version for version in versions})


def test_no_more_are_kept_than_there_is_room_for() -> None:
    users = [make_user() for _ in range(4)]
    kept = Kept(lambda ids: User.objects.in_bulk(ids), lambda user: [Rows(User, "id", user.pk)], most=2)
    for user in users:
        assert kept.get([user.pk]) == {user.pk: user}
    expected = 2 if connection.vendor == "postgresql" else 0
    assert len(kept._cells) == expected


@pytest.mark.django_db(transaction=True)
def test_what_another_commits_is_seen() -> None:
    version = asked_before(echo_version(price_micro=5))

    def change() -> None:
        StyleVersion.objects.update(price_micro=6)
        connection.close()

    other = Thread(target=change)
    other.start()
    other.join()
    assert offered((), [version.pk]).versions[version.pk].price_micro == 6

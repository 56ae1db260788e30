"""Many orders at once: of those that would pass a limit none does, and of those that fit none is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from marketplace.batches.models import Batch
from marketplace.errors import Refusal
from marketplace.generation.models import Generation
from marketplace.generation.services import cancel
from marketplace.ledger.selectors import held_balance, sum_of_all_entries, wallet_balance
from marketplace.partners.licensing import accept, quote_grant
from marketplace.partners.limits import images_under, used
from marketplace.partners.models import Grant, LicensedImage
from marketplace.partners.refunds import GRACE, pay_back_what_is_due
from marketplace.partners.revoking import publish_takedown, revoke
from tests.factories.ledger import CREDIT
from tests.factories.partners import (
    agree,
    batch_under,
    licensable_version,
    make_account,
    make_grant,
    order_under,
    wanted,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.stack]
THREADS, ORDERS = 8, 24


@pytest.fixture(autouse=True)
def _broker(broker: str) -> None:
    """Orders are sent to it."""


def outcomes(acts: list[Callable[[], Any]]) -> list[str]:
    """Of all at once: "" or the code of the refusal, in alphabetical order."""
    with ThreadPoolExecutor(THREADS) as pool:
        return sorted(pool.map(_outcome, acts))


def _outcome(act: Callable[[], Any]) -> str:
    try:
        act()
    except Refusal as refusal:
        return refusal.code
    finally:
        connections.close_all()
    return ""


@pytest.mark.parametrize(
    ("terms", "grant", "fit", "code"),
    [
        ({"images_per_day": 7}, {"images": 100}, 7, "quota_reached"),
        ({"images_per_month": 7}, {"images": 100}, 7, "quota_reached"),
        ({"spend_cap_micro": 7 * (CREDIT + 100) + 99}, {"images": 100}, 7, "spend_cap_reached"),
        ({}, {"images": 7}, 7, "grant_used_up"),
        ({}, {"images": 7, "payment": "prepaid"}, 7, "grant_used_up"),
    ],
    ids=["a day's quota", "a month's quota", "the cap", "the grant", "a prepaid grant"],
)
def test_of_orders_at_once_exactly_those_that_fit_are_taken(
    terms: dict[str, Any], grant: dict[str, Any], fit: int, code: str
) -> None:
    account = make_account()
    agree(account, **terms)
    granted = make_grant(account, **grant)
    found = outcomes([lambda: order_under(account, granted)] * ORDERS)
    assert found == [""] * fit + [code] * (ORDERS - fit)
    assert (Generation.objects.count(), sum_of_all_entries()) == (fit, 0)


@pytest.mark.parametrize(
    ("terms", "grant", "code"),
    [
        ({"images_per_day": 13}, {"images": 100}, "quota_reached"),
        ({"images_per_month": 13}, {"images": 100, "payment": "prepaid"}, "quota_reached"),
        ({"spend_cap_micro": 13 * (CREDIT + 100)}, {"images": 100}, "spend_cap_reached"),
        ({}, {"images": 13}, "grant_used_up"),
        ({}, {"images": 13, "payment": "prepaid"}, "grant_used_up"),
    ],
    ids=["a day's quota", "a month's quota", "the cap", "the grant", "a prepaid grant"],
)
def test_of_batches_at_once_those_that_fit_whole_are_taken_and_single_orders_get_what_is_left(
    terms: dict[str, Any], grant: dict[str, Any], code: str
) -> None:
    account = make_account()
    agree(account, **terms)
    granted = make_grant(account, **grant)
    assert outcomes([lambda: batch_under(account, granted, size=4)] * 12) == [""] * 3 + [code] * 9
    assert outcomes([lambda: order_under(account, granted)] * 8) == [""] + [code] * 7
    assert (Batch.objects.count(), images_under(granted), LicensedImage.objects.count()) == (3, 13, 13)
    assert sum_of_all_entries() == 0


def test_batches_and_single_orders_at_once_pass_no_quota() -> None:
    account = make_account()
    partner = agree(account, images_per_day=20)
    grant = make_grant(account, images=100)
    acts: list[Callable[[], Any]] = [lambda: batch_under(account, grant, size=6), lambda: order_under(account, grant)]
    assert set(outcomes(acts * 12)) == {"", "quota_reached"}
    taken = used(partner, timezone.now()).images_today
    assert taken == images_under(grant) == Generation.objects.count() <= 20
    assert held_balance(account) == taken * (CREDIT + 100)


def test_a_grant_that_many_close_and_revoke_at_once_is_paid_back_once() -> None:
    account = make_account()
    grant = make_grant(account, payment="prepaid")
    later = grant.agreement.ends_at + GRACE
    acts: list[Callable[[], Any]] = [lambda: pay_back_what_is_due(now=later)] * 8
    acts += [lambda: revoke(grant_id=grant.pk, reason="A test.")] * 2
    assert outcomes(acts) == [""] * 10
    assert (wallet_balance(account), sum_of_all_entries()) == (1_000 * CREDIT, 0)


def test_orders_at_the_end_of_a_grant_are_made_or_paid_back_and_never_both() -> None:
    account = make_account()
    grant = make_grant(account, images=100, payment="prepaid")
    later = grant.agreement.ends_at + GRACE
    acts: list[Callable[[], Any]] = [lambda: order_under(account, grant)] * 8
    acts.insert(4, lambda: pay_back_what_is_due(now=later))
    outcomes(acts)
    for generation in Generation.objects.all():
        cancel(generation=generation)
    pay_back_what_is_due(now=later)
    grant.refresh_from_db()
    assert (grant.refunded_micro, wallet_balance(account), sum_of_all_entries()) == (100 * CREDIT, 1_000 * CREDIT, 0)


def test_a_revocation_amid_batches_leaves_no_image_that_is_open_and_returns_all() -> None:
    account = make_account()
    grant = make_grant(account, images=100, payment="prepaid")
    acts: list[Callable[[], Any]] = [lambda: batch_under(account, grant, size=6)] * 8
    acts.insert(4, lambda: revoke(grant_id=grant.pk, reason="A test."))
    assert set(outcomes(acts)) <= {"", "grant_revoked"}
    assert (images_under(grant), wallet_balance(account), sum_of_all_entries()) == (0, 1_000 * CREDIT, 0)


def test_two_grants_of_one_partner_share_its_quota() -> None:
    account = make_account()
    agree(account, images_per_day=7)
    grants = [make_grant(account, images=100) for _ in range(2)]
    found = outcomes([lambda grant=grant: order_under(account, grant) for grant in grants for _ in range(12)])  # type: ignore[misc]  # bound now
    assert found == [""] * 7 + ["quota_reached"] * 17


def test_one_quote_accepted_many_times_at_once_is_one_grant_paid_once() -> None:
    account = make_account()
    quote = quote_grant(account=account, wanted=wanted(licensable_version(), payment="prepaid")).token
    assert outcomes([lambda: accept(account=account, quote=quote)] * 16) == [""] * 16
    assert (Grant.objects.count(), wallet_balance(account)) == (1, 990 * CREDIT)


def test_prepaid_grants_agreed_at_once_stay_below_the_cap() -> None:
    account = make_account()
    partner = agree(account, spend_cap_micro=35 * CREDIT)
    version = licensable_version()
    assert (
        outcomes([lambda: make_grant(account, version, payment="prepaid")] * 12) == [""] * 3 + ["spend_cap_reached"] * 9
    )
    assert used(partner, timezone.now()).spent_micro == 30 * CREDIT


def test_no_grant_outlives_a_version_that_is_withdrawn_while_many_agree_on_it() -> None:
    version = licensable_version()
    accounts = [make_account() for _ in range(6)]
    quotes = [(each, quote_grant(account=each, wanted=wanted(version, payment="prepaid")).token) for each in accounts]
    acts: list[Callable[[], Any]] = [lambda each=each: accept(account=each[0], quote=each[1]) for each in quotes]  # type: ignore[misc]  # bound now
    acts.insert(3, lambda: publish_takedown(version=version, reason="A test."))
    assert set(outcomes(acts)) <= {"", "version_not_licensable"}
    assert not Grant.objects.filter(agreement__version=version, revoked_at=None).exists()
    assert [wallet_balance(each) for each in accounts] == [1_000 * CREDIT] * 6


def test_a_revocation_amid_orders_leaves_none_that_is_open_and_returns_all_that_is_unused() -> None:
    account = make_account()
    grant = make_grant(account, images=100, payment="prepaid")
    acts: list[Callable[[], Any]] = [lambda: order_under(account, grant)] * 12
    acts.insert(6, lambda: revoke(grant_id=grant.pk, reason="A test."))
    assert set(outcomes(acts)) <= {"", "grant_revoked"}
    assert (images_under(grant), wallet_balance(account), sum_of_all_entries()) == (0, 1_000 * CREDIT, 0)

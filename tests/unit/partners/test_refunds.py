"""What was prepaid for images never made comes back when a grant ends, once, from whom it was paid to."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from marketplace.catalogue.services import withdraw
from marketplace.events import Event, announced
from marketplace.generation import services
from marketplace.ledger.selectors import earned_balance, pending_balance, sum_of_all_entries, wallet_balance
from marketplace.ledger.services import open_dispute, release_due
from marketplace.partners.licensing import quote_grant
from marketplace.partners.models import Agreement, Grant
from marketplace.partners.refunds import GRACE, pay_back_what_is_due
from marketplace.partners.revoking import publish_takedown, revoke
from tests.factories.accounts import make_user
from tests.factories.generation import failed
from tests.factories.ledger import CREDIT
from tests.factories.partners import (
    deliver,
    licensable_version,
    make_account,
    make_grant,
    order_under,
    program_of,
    wanted,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]
COMPUTE = 100


def after(grant: Grant) -> datetime:
    return grant.agreement.ends_at + GRACE


def refunded(grant: Grant) -> int:
    grant.refresh_from_db()
    return grant.refunded_micro


def test_when_its_time_is_over_the_unused_images_are_paid_back_to_who_paid_from_who_was_paid() -> None:
    account, creator = make_account(), make_user()
    grant = make_grant(account, licensable_version(creator=creator), payment="prepaid")
    for _ in range(3):
        deliver(order_under(account, grant))
    assert pay_back_what_is_due(now=after(grant) - timedelta(seconds=1)) == 0
    assert pay_back_what_is_due(now=after(grant)) == 1
    assert refunded(grant) == 7 * CREDIT
    assert (wallet_balance(account), pending_balance(creator)) == (997 * CREDIT - 3 * COMPUTE, 3 * 7_000)
    assert sum_of_all_entries() == 0


def test_it_is_paid_back_once() -> None:
    account = make_account()
    grant = make_grant(account, payment="prepaid")
    assert [pay_back_what_is_due(now=after(grant)) for _ in range(2)] == [1, 0]
    revoke(grant_id=grant.pk, reason="A mistake.")
    assert (refunded(grant), wallet_balance(account)) == (10 * CREDIT, 1_000 * CREDIT)


def test_an_image_that_is_still_open_may_fail_and_then_it_is_unused_too() -> None:
    account = make_account()
    grant = make_grant(account, payment="prepaid")
    waiting = order_under(account, grant)
    assert pay_back_what_is_due(now=after(grant)) == 0
    services.failed(failed(waiting, retryable=False))
    assert pay_back_what_is_due(now=after(grant)) == 1
    assert (refunded(grant), wallet_balance(account)) == (10 * CREDIT, 1_000 * CREDIT)


def test_what_is_used_up_or_paid_per_image_pays_nothing_back() -> None:
    account = make_account()
    used_up, per_image = make_grant(account, images=1, payment="prepaid"), make_grant(account)
    deliver(order_under(account, used_up))
    assert pay_back_what_is_due(now=after(per_image)) == 1
    assert (refunded(used_up), refunded(per_image)) == (0, 0)


def test_it_is_taken_from_what_is_available_where_the_holdback_is_over() -> None:
    account, creator = make_account(), make_user()
    grant = make_grant(account, licensable_version(creator=creator), payment="prepaid")
    release_due(before=timezone.now() + timedelta(days=20))
    assert earned_balance(creator) == 70_000
    pay_back_what_is_due(now=after(grant))
    assert (earned_balance(creator), wallet_balance(account), sum_of_all_entries()) == (0, 1_000 * CREDIT, 0)


def test_an_agreement_from_before_the_term_keeps_what_it_said() -> None:
    account = make_account()
    grant = make_grant(account, payment="prepaid")
    Agreement.objects.update(refunds_unused=False)
    Grant.objects.update(refund_due_at=None)
    assert pay_back_what_is_due(now=after(grant)) == 0
    revoke(grant_id=grant.pk, reason="A mistake.")
    assert refunded(grant) == 10 * CREDIT


def test_whoever_ends_it_early_has_it_paid_back_at_once() -> None:
    account = make_account()
    grants = [make_grant(account, payment="prepaid") for _ in range(3)]
    publish_takedown(version=grants[0].agreement.version, reason="A claim.")
    withdraw(version=grants[1].agreement.version)
    revoke(grant_id=grants[2].pk, reason="A mistake.")
    assert [refunded(grant) for grant in grants] == [10 * CREDIT] * 3
    assert pay_back_what_is_due(now=after(grants[2])) == 0
    assert (wallet_balance(account), sum_of_all_entries()) == (1_000 * CREDIT, 0)


@pytest.mark.parametrize("ends", ["taken down", "in time"])
def test_what_the_bank_took_back_before_is_not_paid_back_twice(ends: str) -> None:
    """And never keeps a version from being taken down."""
    account = make_account(10)
    since = timezone.now() - timedelta(hours=1)
    grant = make_grant(account, payment="prepaid")
    open_dispute(key="dispute:1", buyer_id=account.pk, amount_micro=6 * CREDIT, since=since)
    if ends == "in time":
        pay_back_what_is_due(now=after(grant))
    else:
        publish_takedown(version=grant.agreement.version, reason="A claim.")
    assert (refunded(grant), wallet_balance(account), sum_of_all_entries()) == (4 * CREDIT, 4 * CREDIT, 0)


def test_it_is_announced_where_something_came_back() -> None:
    heard: list[Event] = []

    def hear(sender: Any, event: Event, **_rest: Any) -> None:
        heard.append(event)

    account = make_account()
    grant, used_up = make_grant(account, payment="prepaid"), make_grant(account, images=1, payment="prepaid")
    deliver(order_under(account, used_up))
    announced.connect(hear)
    try:
        pay_back_what_is_due(now=after(used_up))
    finally:
        announced.disconnect(hear)
    assert heard == [
        Event("grant.refunded", account.pk, {"grant": str(grant.pk), "refunded_micro": 10 * CREDIT}),
    ]


def test_quote_and_agreement_state_the_rule() -> None:
    account, version = make_account(), licensable_version()
    assert quote_grant(account=account, wanted=wanted(version, payment="prepaid")).refunds_unused
    grant = make_grant(account, version, payment="prepaid")
    told = program_of(account).get(f"/api/v1/partner/grants/{grant.pk}").json()
    assert told["agreement"]["refunds_unused"] is True

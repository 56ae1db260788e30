from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from marketplace.accounts.models import User
from marketplace.ledger import balances, selectors, services
from marketplace.ledger.errors import KeyReusedError, NothingLeftError, OverdraftError
from marketplace.ledger.lines import Line, pending, platform_revenue
from tests.factories.accounts import make_user
from tests.factories.ledger import CREDIT, make_buyer, pay

pytestmark = [pytest.mark.django_db, pytest.mark.services]
DAY = timedelta(days=1)


@pytest.fixture
def buyer() -> User:
    return make_buyer(10)


@pytest.fixture
def creator() -> User:
    return make_user()


def stand(buyer: User, creator: User) -> tuple[int, int, int]:
    """The buyer's wallet, and what the creator has pending and available."""
    return selectors.wallet_balance(buyer), selectors.pending_balance(creator), selectors.available_balance(creator)


def release_all() -> int:
    return services.release_due(before=timezone.now() + DAY)


def test_earnings_wait_and_then_become_available(buyer: User, creator: User, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    pay(buyer, creator)
    services.release_due(before=timezone.now() - 7 * DAY)
    assert stand(buyer, creator) == (7 * CREDIT, 21_000, 0)
    time_machine.shift(7 * DAY)
    services.release_due(before=timezone.now() - 7 * DAY + timedelta(seconds=1))
    assert stand(buyer, creator) == (7 * CREDIT, 0, 21_000)
    assert selectors.earnings_by_version(creator) == [selectors.VersionEarnings(7, 1, 21_000)]


def test_a_refund_takes_from_each_payee_its_share(buyer: User, creator: User) -> None:
    pay(buyer, creator)
    services.refund(key="r", payment_key="p", amount_micro=CREDIT)
    assert stand(buyer, creator) == (8 * CREDIT, 14_000, 0)
    services.refund(key="r2", payment_key="p")
    assert stand(buyer, creator) == (10 * CREDIT, 0, 0)
    assert selectors.sum_of_all_entries() == 0


def test_a_refund_after_the_release_takes_what_is_available_and_later_earnings_repay_it(
    buyer: User, creator: User
) -> None:
    pay(buyer, creator)
    release_all()
    payout = [Line(platform_revenue(), 21_000), Line(pending(creator.pk)._replace(kind="earnings"), -21_000)]
    services.post(key="paid out", kind="test", lines=payout)
    services.refund(key="r", payment_key="p")
    assert stand(buyer, creator) == (10 * CREDIT, 0, -21_000)
    pay(buyer, creator, "p2")
    release_all()
    assert stand(buyer, creator) == (7 * CREDIT, 0, 0)


def test_the_same_refund_twice_is_once(buyer: User, creator: User) -> None:
    pay(buyer, creator)
    first = services.refund(key="r", payment_key="p", amount_micro=CREDIT)
    assert services.refund(key="r", payment_key="p", amount_micro=CREDIT) == first
    assert stand(buyer, creator) == (8 * CREDIT, 14_000, 0)


@pytest.mark.parametrize("amount", [3 * CREDIT + 1, 0, -1], ids=["more than was paid", "nothing", "less than nothing"])
def test_no_more_than_is_left_is_refunded(buyer: User, creator: User, amount: int) -> None:
    pay(buyer, creator)
    with pytest.raises(NothingLeftError, match="3 credits are left"):
        services.refund(key="r", payment_key="p", amount_micro=amount)
    assert stand(buyer, creator) == (7 * CREDIT, 21_000, 0)


def test_an_undone_refund_pays_everyone_again_and_waits_again(buyer: User, creator: User) -> None:
    pay(buyer, creator)
    services.refund(key="r", payment_key="p", amount_micro=CREDIT)
    release_all()
    services.reinstate(key="u", correction_key="r")
    assert stand(buyer, creator) == (7 * CREDIT, 7_000, 14_000)
    release_all()
    assert stand(buyer, creator) == (7 * CREDIT, 0, 21_000)


def test_a_refund_that_was_spent_again_can_not_be_undone(buyer: User, creator: User) -> None:
    pay(buyer, creator)
    services.refund(key="r", payment_key="p")
    services.hold(key="all", buyer_id=buyer.pk, amount_micro=10 * CREDIT)
    with pytest.raises(OverdraftError):
        services.reinstate(key="u", correction_key="r")


def test_what_is_returned_after_its_time_has_expired(buyer: User) -> None:
    now = timezone.now()
    services.hold(key="h", buyer_id=buyer.pk, amount_micro=CREDIT, expires_at=now)
    services.hold(key="later", buyer_id=buyer.pk, amount_micro=CREDIT, expires_at=now + DAY)
    ended = [services.void(key=f"{hold}:s", hold_key=hold).kind for hold in ("h", "later")]
    assert (ended, selectors.wallet_balance(buyer)) == (["expire", "void"], 10 * CREDIT)
    with pytest.raises(KeyReusedError):
        services.settle(key="s", hold_key="h", payees=[Line(platform_revenue(), CREDIT)])


def test_a_balance_is_the_same_before_and_after_a_checkpoint(buyer: User) -> None:
    services.hold(key="h", buyer_id=buyer.pk, amount_micro=CREDIT)
    account = buyer.ledger_accounts.get(kind="wallet")
    services.add_checkpoint(account.pk)
    assert selectors.wallet_balance(buyer) == 9 * CREDIT
    services.void(key="s", hold_key="h")
    assert (selectors.wallet_balance(buyer), account.checkpoints.count()) == (10 * CREDIT, 1)


def test_an_account_gets_a_checkpoint_once_it_is_long(buyer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balances, "WORTH_A_CHECKPOINT", 3)
    made = []
    for number in range(4):
        services.hold(key=f"h{number}", buyer_id=buyer.pk, amount_micro=CREDIT)
        made.append(services.checkpoint_long_accounts())
    assert (made, selectors.wallet_balance(buyer), selectors.held_balance(buyer)) == (
        [0, 1, 1, 0],
        6 * CREDIT,
        4 * CREDIT,
    )

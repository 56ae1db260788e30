from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries

from marketplace.accounts.models import User
from marketplace.ledger import selectors, services
from marketplace.ledger.errors import KeyReusedError, OverdraftError
from marketplace.ledger.lines import Line, earnings, platform_revenue, wallet
from marketplace.ledger.models import Entry, Transaction
from tests.factories.accounts import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
CREDIT = 10_000


def balances(user: User) -> tuple[int, int, int]:
    return selectors.wallet_balance(user), selectors.held_balance(user), selectors.earned_balance(user)


@pytest.fixture
def buyer() -> User:
    person = make_user()
    services.top_up(key="top_up:1", buyer_id=person.pk, amount_micro=10 * CREDIT)
    return person


def test_a_hold_sets_credit_aside(buyer: User) -> None:
    services.hold(key="h", buyer_id=buyer.pk, amount_micro=3 * CREDIT)
    assert balances(buyer) == (7 * CREDIT, 3 * CREDIT, 0)


def test_settling_pays_the_payees_and_returns_the_rest(buyer: User) -> None:
    creator = make_user()
    services.hold(key="h", buyer_id=buyer.pk, amount_micro=3 * CREDIT)
    payees = [Line(earnings(creator.pk), 12_000, "version:7"), Line(platform_revenue(), 8_000)]
    services.settle(key="s", hold_key="h", payees=payees)
    assert balances(buyer) == (8 * CREDIT, 0, 0)
    assert balances(creator) == (0, 0, 12_000)
    assert selectors.earnings_by_version(creator) == [selectors.VersionEarnings(7, 1, 12_000)]
    assert selectors.sum_of_all_entries() == 0


def test_voiding_returns_all_of_it(buyer: User) -> None:
    services.hold(key="h", buyer_id=buyer.pk, amount_micro=3 * CREDIT)
    services.void(key="s", hold_key="h")
    assert balances(buyer) == (10 * CREDIT, 0, 0)


def test_a_hold_is_settled_or_voided_never_both(buyer: User) -> None:
    services.hold(key="h", buyer_id=buyer.pk, amount_micro=CREDIT)
    services.settle(key="s", hold_key="h", payees=[Line(platform_revenue(), CREDIT)])
    with pytest.raises(KeyReusedError) as refusal:
        services.void(key="s", hold_key="h")
    assert (refusal.value.code, balances(buyer)) == ("ledger_key_reused", (9 * CREDIT, 0, 0))


def test_a_hold_is_not_settled_again_under_another_key(buyer: User) -> None:
    services.hold(key="h", buyer_id=buyer.pk, amount_micro=CREDIT)
    services.void(key="s", hold_key="h")
    with pytest.raises(KeyReusedError):
        services.void(key="another", hold_key="h")
    assert balances(buyer) == (10 * CREDIT, 0, 0)


def test_the_same_effect_twice_is_once(buyer: User) -> None:
    first = services.hold(key="h", buyer_id=buyer.pk, amount_micro=CREDIT)
    assert services.hold(key="h", buyer_id=buyer.pk, amount_micro=CREDIT) == first
    assert balances(buyer) == (9 * CREDIT, CREDIT, 0)


def test_more_than_the_wallet_holds_is_refused_and_nothing_is_written(buyer: User) -> None:
    with pytest.raises(OverdraftError, match=r"0\.5 credits short") as refusal:
        services.hold(key="h", buyer_id=buyer.pk, amount_micro=10 * CREDIT + 5_000)
    assert (refusal.value.code, refusal.value.missing_micro) == ("not_enough_credit", 5_000)
    assert not Transaction.objects.filter(key="h").exists()
    assert balances(buyer) == (10 * CREDIT, 0, 0)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [Line(platform_revenue(), 0)],
        [Line(platform_revenue(), 5)],
        [Line(platform_revenue("USD"), 5), Line(platform_revenue("JPY"), -5)],
    ],
    ids=["nothing", "zero", "unbalanced", "two currencies"],
)
def test_lines_that_do_not_balance_in_one_currency_are_refused(lines: list[Line]) -> None:
    with pytest.raises(ValueError, match=r"sum to zero|one currency"):
        services.post(key="x", kind="test", lines=lines)


def test_payees_cannot_share_more_than_is_held(buyer: User) -> None:
    services.hold(key="h", buyer_id=buyer.pk, amount_micro=CREDIT)
    with pytest.raises(ValueError, match="no more"):
        services.settle(key="s", hold_key="h", payees=[Line(platform_revenue(), CREDIT + 1)])


def test_a_posting_takes_few_statements(buyer: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """Locks, the balance behind them, and the rows, which SQLite writes in two."""
    services.hold(key="opens the accounts", buyer_id=buyer.pk, amount_micro=1)
    with django_assert_num_queries(3 if connection.vendor == "postgresql" else 4):
        services.hold(key="h", buyer_id=buyer.pk, amount_micro=1)


def test_a_balance_is_read_by_two_statements(buyer: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    services.add_checkpoint(buyer.ledger_accounts.get(kind="wallet").pk)
    services.hold(key="after the checkpoint", buyer_id=buyer.pk, amount_micro=CREDIT)
    with django_assert_num_queries(2):
        assert selectors.wallet_balance(buyer) == 9 * CREDIT


@pytest.mark.django_db(transaction=True)
def test_posting_needs_the_callers_transaction() -> None:
    with pytest.raises(RuntimeError, match=r"transaction\.atomic"):
        services.top_up(key="x", buyer_id=make_user().pk, amount_micro=CREDIT)


def test_the_database_refuses_to_change_what_was_written(buyer: User) -> None:
    changes: list[Callable[[], object]] = [
        lambda: Entry.objects.update(amount_micro=1),
        lambda: Entry.objects.all()._raw_delete("default"),
        lambda: Transaction.objects.update(key="other"),
        lambda: Transaction.objects.all()._raw_delete("default"),
    ]
    for change in changes:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert balances(buyer) == (10 * CREDIT, 0, 0)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_postgres_refuses_a_transaction_that_does_not_sum_to_zero_at_commit() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no deferred triggers; post() checks the sum there.")
    with transaction.atomic():
        topped_up = services.top_up(key="top_up:1", buyer_id=make_user().pk, amount_micro=CREDIT)
    entry = topped_up.entries.get(account__kind="wallet")
    with pytest.raises(DatabaseError, match="do not sum to zero"):
        Entry.objects.create(transaction=topped_up, account=entry.account, amount_micro=1)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["top_up", "hold", "settle", "void"]),
        st.integers(0, 3),
        st.integers(1, 5_000),
        st.integers(0, 10_000),
    ),
    max_size=25,
)


class LedgerLaws(TestCase):
    """Whatever is asked of the ledger, in whatever order and however often."""

    @settings(deadline=None, max_examples=25)
    @given(ACTIONS)
    def test_nothing_is_made_lost_overdrawn_or_settled_twice(self, actions: list[tuple[str, int, int, int]]) -> None:
        buyer, creator = make_user(), make_user()
        topped_up = 0
        settled: dict[str, int] = {}
        for kind, number, amount, share in actions:
            hold_key, settle_key = f"hold:{number}", f"settle:{number}"
            try:
                if kind == "top_up":
                    services.top_up(key=f"top_up:{topped_up}", buyer_id=buyer.pk, amount_micro=amount)
                    topped_up += amount
                elif kind == "hold":
                    services.hold(key=hold_key, buyer_id=buyer.pk, amount_micro=amount)
                elif Transaction.objects.filter(key=hold_key).exists():
                    held = Entry.objects.get(transaction__key=hold_key, account__kind="held").amount_micro
                    part = held * share // 10_000 if kind == "settle" else 0
                    payees = [Line(earnings(creator.pk), part)] if part else []
                    services.settle(key=settle_key, hold_key=hold_key, payees=payees)
                    assert settled.setdefault(settle_key, part) == part
            except (OverdraftError, KeyReusedError):
                pass
            wallet_micro, held_micro, _ = balances(buyer)
            paid = selectors.earned_balance(creator)
            assert selectors.sum_of_all_entries() == 0
            assert min(wallet_micro, held_micro, paid) >= 0
            assert wallet_micro + held_micro + paid == topped_up
        assert selectors.earned_balance(creator) == sum(settled.values())


def test_a_wallet_line_names_its_owner() -> None:
    assert wallet(7) == ("wallet", 7, "USD", 0)

"""The only writer of the ledger. Every effect has a key; doing it again under the same key changes nothing."""

from collections.abc import Iterable, Sequence

import structlog
from django.db import connection
from django.db.models import Sum

from marketplace.ledger.errors import KeyReusedError, OverdraftError
from marketplace.ledger.lines import PLATFORM, AccountName, Line, combined, hold_lines, settle_lines, top_up_lines
from marketplace.ledger.models import Account, Entry, Transaction

log = structlog.get_logger(__name__)

# Money comes into being nowhere else: what the provider still owes us is below zero until it pays out.
MAY_GO_BELOW_ZERO = {Account.Kind.PROVIDER_CLEARING}


def top_up(*, key: str, buyer_id: int, amount_micro: int, currency: str = "USD") -> Transaction:
    return post(key=key, kind="top_up", lines=top_up_lines(buyer_id, amount_micro, currency))


def hold(*, key: str, buyer_id: int, amount_micro: int, currency: str = "USD") -> Transaction:
    """Set credit aside. Raises OverdraftError (NotEnoughCredit) when the wallet holds less."""
    if amount_micro <= 0:
        raise ValueError("A hold is of more than nothing.")
    return post(key=key, kind="hold", lines=hold_lines(buyer_id, amount_micro, currency))


def settle(*, key: str, hold_key: str, payees: Sequence[Line]) -> Transaction:
    """Pay the hold out to the payees; what they don't take returns to the wallet.

    A hold is settled once: `void` is this same effect without payees, under the same key.
    Raises KeyReusedError (Conflict) when it was settled otherwise before.
    """
    account, amount_micro = _held_by(hold_key)
    if any(line.amount_micro < 0 for line in payees) or sum(line.amount_micro for line in payees) > amount_micro:
        raise ValueError("Payees share what is held and no more.")
    assert account.owner_id is not None  # noqa: S101 - narrows the type: only people hold
    lines = settle_lines(account.owner_id, amount_micro, payees, account.currency)
    return post(key=key, kind="capture" if payees else "void", lines=lines)


def void(*, key: str, hold_key: str) -> Transaction:
    """Return the whole hold to the wallet."""
    return settle(key=key, hold_key=hold_key, payees=())


def post(*, key: str, kind: str, lines: Iterable[Line]) -> Transaction:
    """Write one transaction. Runs inside the caller's transaction, so that the effect and its money stand together.

    Raises ValueError for lines that don't sum to zero in one currency, KeyReusedError when the key stands for other
    lines, OverdraftError when an account would fall below zero.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Post inside transaction.atomic(): the row that caused the money must be saved with it.")
    wanted = _checked(lines)
    accounts = _locked({line.account for line in wanted})
    if (existing := Transaction.objects.filter(key=key).first()) is not None:
        return _same_effect(existing, accounts, wanted)
    _refuse_overdraft(accounts, wanted)
    posted = Transaction.objects.create(key=key, kind=kind)
    Entry.objects.bulk_create(
        Entry(transaction=posted, account=accounts[line.account], amount_micro=line.amount_micro, subject=line.subject)
        for line in wanted
    )
    log.info("ledger.posted", key=key, kind=kind, entries=len(wanted))
    return posted


def _checked(lines: Iterable[Line]) -> list[Line]:
    wanted = combined(lines)
    if not wanted or sum(line.amount_micro for line in wanted) != 0:
        raise ValueError("The entries of a transaction sum to zero, and there are some.")
    if len({line.account.currency for line in wanted}) != 1:
        raise ValueError("A transaction has one currency: the ledger never converts.")
    return wanted


def _locked(names: set[AccountName]) -> dict[AccountName, Account]:
    """The accounts, created where missing; those that can't go below zero are locked, always in the same order.

    The lock is what makes a wallet's balance and the entry that spends it one step. SQLite has no row locks: there
    the whole IMMEDIATE transaction is the lock.
    """
    accounts = {
        name: Account.objects.get_or_create(kind=name.kind, owner_id=name.owner_id or None, currency=name.currency)[0]
        for name in sorted(names)
    }
    personal = [account.pk for name, account in accounts.items() if name.owner_id != PLATFORM]
    list(Account.objects.select_for_update().filter(pk__in=personal).order_by("pk"))
    return accounts


def _same_effect(existing: Transaction, accounts: dict[AccountName, Account], wanted: list[Line]) -> Transaction:
    stands = {(entry.account_id, entry.subject): entry.amount_micro for entry in existing.entries.all()}
    asked = {(accounts[line.account].pk, line.subject): line.amount_micro for line in wanted}
    if stands != asked:
        raise KeyReusedError(existing.key)
    return existing


def _refuse_overdraft(accounts: dict[AccountName, Account], wanted: list[Line]) -> None:
    for name, account in accounts.items():
        change = sum(line.amount_micro for line in wanted if line.account == name)
        if change >= 0 or name.kind in MAY_GO_BELOW_ZERO:
            continue
        balance = account.entries.aggregate(sum=Sum("amount_micro", default=0))["sum"]
        if balance + change < 0:
            raise OverdraftError(-(balance + change))


def _held_by(hold_key: str) -> tuple[Account, int]:
    entry = Entry.objects.select_related("account").get(
        transaction__key=hold_key, account__kind=Account.Kind.HELD, amount_micro__gt=0
    )
    return entry.account, entry.amount_micro

"""Credit set aside for something to come: held once, then captured in full or in part, returned, or expired."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from marketplace.ledger.errors import KeyReusedError
from marketplace.ledger.lines import Line, hold_lines, settle_lines
from marketplace.ledger.models import Account, Entry, Transaction
from marketplace.ledger.posting import Link, post


def hold(
    *, key: str, buyer_id: int, amount_micro: int, currency: str = "USD", expires_at: datetime | None = None
) -> Transaction:
    """Set credit aside. Raises OverdraftError (NotEnoughCredit) when the wallet holds less."""
    if amount_micro <= 0:
        raise ValueError("A hold is of more than nothing.")
    lines = hold_lines(buyer_id, amount_micro, currency)
    return post(key=key, kind="hold", lines=lines, link=Link(expires_at=expires_at))


def settle(*, key: str, hold_key: str, payees: Sequence[Line]) -> Transaction:
    """Pay the hold out to the payees; what they don't take returns to the wallet.

    A hold is settled once: `void` is this same effect without payees.
    Raises KeyReusedError (Conflict) when it was settled otherwise before.
    """
    return _end(key=key, hold_key=hold_key, payees=payees, kind="capture" if payees else "void")


def void(*, key: str, hold_key: str) -> Transaction:
    """Return the whole hold to the wallet."""
    return settle(key=key, hold_key=hold_key, payees=())


def expire_holds(*, now: datetime) -> int:
    """Return what nobody settled in time, and say how many holds that were."""
    overdue = Transaction.objects.filter(expires_at__lte=now, settled_by=None).values_list("key", flat=True)
    return sum(_expire(key) for key in list(overdue.order_by("expires_at")[:500]))


@transaction.atomic
def _expire(hold_key: str) -> bool:
    try:
        _end(key=f"{hold_key}:expire", hold_key=hold_key, payees=(), kind="expire")
    except KeyReusedError:
        return False  # Settled in this very moment.
    return True


def _end(*, key: str, hold_key: str, payees: Sequence[Line], kind: str) -> Transaction:
    held = Transaction.objects.select_for_update(no_key=True).get(key=hold_key)
    account, amount_micro = _held_by(held)
    if any(line.amount_micro < 0 for line in payees) or sum(line.amount_micro for line in payees) > amount_micro:
        raise ValueError("Payees share what is held and no more.")
    ended = Transaction.objects.filter(settles=held).first()
    if ended is not None and ended.key != key:
        raise KeyReusedError(ended.key)
    assert account.owner_id is not None  # noqa: S101 - narrows the type: only people hold
    lines = settle_lines(account.owner_id, amount_micro, payees, account.currency)
    return post(key=key, kind=kind, lines=lines, link=Link(settles=held))


def _held_by(held: Transaction) -> tuple[Account, int]:
    entry = Entry.objects.select_related("account").get(
        transaction=held, account__kind=Account.Kind.HELD, amount_micro__gt=0
    )
    return entry.account, entry.amount_micro

"""Credit set aside for something to come: held once, then captured in full or in part, or returned.

Whoever holds credit also ends the hold, after `expires_at` too: a clock that ended it alone would leave its owner waiting
for something that can no longer be paid.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from marketplace.ledger.errors import KeyReusedError
from marketplace.ledger.lines import Line, hold_lines, settle_lines
from marketplace.ledger.models import Account, Entry, Transaction
from marketplace.ledger.posting import Link, Posting, post, post_all


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
    held = Transaction.objects.select_for_update(no_key=True).get(key=hold_key)
    return _end(held, key=key, payees=payees, kind="capture" if payees else _returned(held))


def void(*, key: str, hold_key: str) -> Transaction:
    """Return the whole hold to the wallet; after its time the books call that expired."""
    return settle(key=key, hold_key=hold_key, payees=())


def hold_all(
    *, amounts: Mapping[str, int], buyer_id: int, currency: str = "USD", expires_at: datetime | None = None
) -> None:
    """A hold of its own for each key, all or none. Raises OverdraftError for what is missing to all of them together."""
    link = Link(expires_at=expires_at)
    post_all(
        [
            Posting(key, "hold", tuple(hold_lines(buyer_id, amount_micro, currency)), link)
            for key, amount_micro in amounts.items()
        ]
    )


def void_all(keys: Mapping[str, str]) -> None:
    """Return the whole of many holds, given by the key of each and the key under which it is to end.

    Raises KeyReusedError where one has ended already: whoever calls has made sure that it ends them.
    """
    entries = Entry.objects.select_related("account", "transaction").filter(
        transaction__key__in=keys, account__kind=Account.Kind.HELD, amount_micro__gt=0
    )
    post_all([_void(entry, keys[entry.transaction.key]) for entry in entries.order_by("pk")])


def _void(entry: Entry, key: str) -> Posting:
    held = entry.transaction
    assert entry.account.owner_id is not None  # noqa: S101 - narrows the type: only people hold
    lines = settle_lines(entry.account.owner_id, entry.amount_micro, (), entry.account.currency)
    return Posting(key, _returned(held), tuple(lines), Link(settles=held))


def _returned(held: Transaction) -> str:
    return "expire" if held.expires_at is not None and held.expires_at <= timezone.now() else "void"


def _end(held: Transaction, *, key: str, payees: Sequence[Line], kind: str) -> Transaction:
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

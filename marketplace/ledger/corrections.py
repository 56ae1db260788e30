"""Taking a payment back, in part or whole, and giving back what was taken. Always by new transactions.

Each payee returns the share of the refund that it has of the payment, from where that money stands: what is still held
back first of all, and else what was earned since, which may fall below zero until later earnings repay it.
"""

from dataclasses import replace

from marketplace.ledger.errors import NothingLeftError
from marketplace.ledger.lines import Line, wallet
from marketplace.ledger.models import Account, Transaction
from marketplace.ledger.posting import Link, name_of, post
from marketplace.ledger.split import apportion
from marketplace.ledger.standing import payer_of, returned, standing

# Only a correction may: whoever earned has perhaps been paid out already.
REPAID_LATER = (Account.Kind.EARNINGS, Account.Kind.PLATFORM_REVENUE)


def refund(*, key: str, payment_key: str, amount_micro: int | None = None, kind: str = "refund") -> Transaction:
    """Return a payment to the buyer's wallet: all that is left of it, or `amount_micro` of that.

    The same key again gives the same refund. Raises NothingLeftError (Conflict) when less is left of the payment.
    """
    payment = _locked(payment_key)
    if (existing := Transaction.objects.filter(key=key, about=payment).first()) is not None:
        return existing
    stands = standing(payment)
    left = sum(line.amount_micro for line in stands)
    wanted = left if amount_micro is None else amount_micro
    if not 0 < wanted <= left:
        raise NothingLeftError(left)
    buyer_id, currency = payer_of(payment)
    taken = returned(_parts(wanted, stands))
    lines = [*taken, Line(wallet(buyer_id, currency), wanted)]
    return post(key=key, kind=kind, lines=lines, link=Link(about=payment), may_overdraw=REPAID_LATER)


def reinstate(*, key: str, correction_key: str) -> Transaction:
    """Undo a refund: the payees get the same again from the buyer's wallet. Raises OverdraftError."""
    correction = Transaction.objects.select_related("about").get(key=correction_key)
    assert correction.about is not None  # noqa: S101 - narrows the type: a refund is about a payment
    _locked(correction.about.key)
    if (existing := Transaction.objects.filter(key=key).first()) is not None:
        return existing
    return post(key=key, kind="reinstate", lines=_opposite(correction), link=Link(about=correction.about))


def _locked(payment_key: str) -> Transaction:
    """Of two corrections of one payment the second waits, and then sees what the first left."""
    return Transaction.objects.select_for_update(no_key=True).get(key=payment_key)


def _parts(wanted: int, stands: list[Line]) -> list[Line]:
    parts = apportion(wanted, [line.amount_micro for line in stands])
    return [replace(line, amount_micro=part) for line, part in zip(stands, parts, strict=True)]


def _opposite(correction: Transaction) -> list[Line]:
    entries = correction.entries.select_related("account")
    return [Line(name_of(entry.account), -entry.amount_micro, entry.subject, entry.role) for entry in entries]

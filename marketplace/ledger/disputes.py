"""A buyer's bank calls a payment back: what it bought is taken back from everyone who was paid with it.

The provider takes the whole amount from the platform at once and decides later. So at once the buyer's free credit goes,
and for the rest the newest payments of that buyer are refunded, each payee giving its own part. What is held for images
to come can't be taken: then the wallet owes it, and buys nothing until that is repaid. If the buyer loses, all of this is
undone, payment by payment.
"""

from datetime import datetime

from marketplace.ledger.balances import balance_of
from marketplace.ledger.corrections import refund, reinstate
from marketplace.ledger.lines import Line, clearing, wallet
from marketplace.ledger.models import Account, Transaction
from marketplace.ledger.posting import post
from marketplace.ledger.standing import standing

PAYMENTS = ("capture", "sale")


def open_dispute(*, key: str, buyer_id: int, amount_micro: int, since: datetime, currency: str = "USD") -> Transaction:
    """Take `amount_micro` back, at most once for a key; `since` is when the disputed payment gave its credit."""
    if (existing := Transaction.objects.filter(key=key).first()) is not None:
        return existing
    missing = amount_micro - _free(buyer_id, currency)
    for payment in _newest_payments(buyer_id, currency, since):
        if missing <= 0:
            break
        part = min(missing, sum(line.amount_micro for line in standing(payment)))
        if part > 0:
            refund(key=_part_key(key, payment), payment_key=payment.key, amount_micro=part)
            missing -= part
    lines = [Line(wallet(buyer_id, currency), -amount_micro), Line(clearing(currency), amount_micro)]
    return post(key=key, kind="dispute", lines=lines, may_overdraw=(Account.Kind.WALLET,))


def win_dispute(*, key: str, dispute_key: str) -> Transaction:
    """The provider gives the amount back: the wallet gets it, and pays again what was refunded."""
    if (existing := Transaction.objects.filter(key=key).first()) is not None:
        return existing
    opened = Transaction.objects.select_for_update(no_key=True).get(key=dispute_key)
    entry = opened.entries.select_related("account").get(account__kind=Account.Kind.WALLET)
    account = entry.account
    assert account.owner_id is not None  # noqa: S101 - narrows the type: only people pay
    lines = [
        Line(clearing(account.currency), entry.amount_micro),
        Line(wallet(account.owner_id, account.currency), -entry.amount_micro),
    ]
    won = post(key=key, kind="dispute_won", lines=lines)
    for part in Transaction.objects.filter(key__startswith=_part_key(dispute_key)).order_by("created_at", "key"):
        reinstate(key=f"{part.key}:undone", correction_key=part.key)
    return won


def _free(buyer_id: int, currency: str) -> int:
    """What is in the wallet, locked so that nobody spends it meanwhile."""
    account = (
        Account.objects.select_for_update(no_key=True)
        .filter(kind=Account.Kind.WALLET, owner=buyer_id, currency=currency)
        .first()
    )
    return 0 if account is None else max(0, balance_of(account.pk))


def _newest_payments(buyer_id: int, currency: str, since: datetime) -> list[Transaction]:
    paid = Transaction.objects.filter(
        kind__in=PAYMENTS,
        created_at__gte=since,
        entries__account__owner=buyer_id,
        entries__account__currency=currency,
        entries__account__kind__in=(Account.Kind.HELD, Account.Kind.WALLET),
        entries__amount_micro__lt=0,
    )
    return list(paid.distinct().order_by("-created_at", "-pk"))


def _part_key(dispute_key: str, payment: Transaction | None = None) -> str:
    return f"{dispute_key}:part:{'' if payment is None else payment.pk.hex}"

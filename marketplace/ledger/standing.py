"""What is left of a payment: where its money stands now, after everything that was done about it."""

from dataclasses import replace

from django.db.models import Q, Sum

from marketplace.ledger.lines import AccountName, Line
from marketplace.ledger.models import Account, Entry, Transaction

EARNED = (Account.Kind.PENDING, Account.Kind.EARNINGS, Account.Kind.PLATFORM_REVENUE)


def standing(payment: Transaction) -> list[Line]:
    """What each payee still has of it, in the account where it is; nobody with nothing. In a stable order."""
    entries = Entry.objects.filter(Q(transaction=payment) | Q(transaction__about=payment), account__kind__in=EARNED)
    rows = entries.values(
        "account__kind", "account__owner_id", "account__currency", "account__organisation_id", "subject", "role"
    ).annotate(sum=Sum("amount_micro"))
    lines = [
        Line(
            AccountName(
                row["account__kind"],
                row["account__owner_id"] or 0,
                row["account__currency"],
                row["account__organisation_id"] or 0,
            ),
            row["sum"],
            row["subject"],
            row["role"],
        )
        for row in rows
        if row["sum"]
    ]
    return sorted(lines, key=lambda line: (line.account, line.subject, line.role))


def returned(lines: list[Line]) -> list[Line]:
    """The same amounts, taken."""
    return [replace(line, amount_micro=-line.amount_micro) for line in lines]


def payer_of(payment: Transaction) -> tuple[int, str]:
    """Whose hold it captured, or whose wallet it took from, and in which currency."""
    paid = payment.entries.select_related("account").filter(amount_micro__lt=0)
    entry = paid.get(account__kind__in=(Account.Kind.HELD, Account.Kind.WALLET))
    assert entry.account.owner_id is not None  # noqa: S101 - narrows the type: only people pay
    return entry.account.owner_id, entry.account.currency

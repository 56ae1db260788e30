"""Balances and statements, always derived from the entries: no stored sum can disagree with them."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum

from marketplace.accounts.models import User
from marketplace.ledger.models import Account, Entry

VERSION_SUBJECT = "version:"


@dataclass(frozen=True)
class VersionEarnings:
    """What one published version has earned its creator, and with how many images."""

    version_id: int
    images: int
    amount_micro: int


def wallet_balance(user: User, currency: str = "USD") -> int:
    """Micro-units free to spend."""
    return _balance(Account.Kind.WALLET, user, currency)


def held_balance(user: User, currency: str = "USD") -> int:
    """Micro-units set aside for images that are not finished."""
    return _balance(Account.Kind.HELD, user, currency)


def earnings_balance(user: User, currency: str = "USD") -> int:
    return _balance(Account.Kind.EARNINGS, user, currency)


def earnings_by_version(user: User, currency: str = "USD") -> list[VersionEarnings]:
    """The highest first."""
    rows = (
        _entries(user, currency)
        .filter(account__kind=Account.Kind.EARNINGS, subject__startswith=VERSION_SUBJECT)
        .values("subject")
        .annotate(images=Count("transaction", distinct=True), amount=Sum("amount_micro"))
        .order_by("-amount", "subject")
    )
    return [
        VersionEarnings(int(row["subject"].removeprefix(VERSION_SUBJECT)), row["images"], row["amount"]) for row in rows
    ]


def recent_entries(user: User, limit: int = 50) -> list[Entry]:
    """What moved in the user's own accounts, newest first, with account and transaction at hand."""
    entries = Entry.objects.filter(account__owner=user).select_related("account", "transaction")
    return list(entries.order_by("-transaction__created_at", "-id")[:limit])


def sum_of_all_entries() -> int:
    """Zero, or the ledger is broken."""
    return int(Entry.objects.aggregate(sum=Sum("amount_micro", default=0))["sum"])


def _entries(user: User, currency: str) -> QuerySet[Entry]:
    return Entry.objects.filter(account__owner=user, account__currency=currency)


def _balance(kind: str, user: User, currency: str) -> int:
    entries = _entries(user, currency).filter(account__kind=kind)
    return int(entries.aggregate(sum=Sum("amount_micro", default=0))["sum"])

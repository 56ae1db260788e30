"""Balances and statements, always derived from the entries."""

from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Count, Q, QuerySet, Sum

from marketplace.accounts.models import User
from marketplace.ledger.balances import balance_since
from marketplace.ledger.lines import AccountName, fields_of
from marketplace.ledger.models import Account, Entry
from marketplace.ledger.rows import found_account

VERSION_SUBJECT = "version:"
EARNED_BY_PEOPLE = (Account.Kind.PENDING, Account.Kind.EARNINGS)
# What is about another transaction only moves or takes back what that one paid.
PAYMENTS = Q(transaction__about=None)


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


def pending_balance(user: User, currency: str = "USD") -> int:
    """Micro-units earned that are still held back; see marketplace.ledger.holdback."""
    return _balance(Account.Kind.PENDING, user, currency)


def available_balance(user: User, currency: str = "USD") -> int:
    """Micro-units earned and free to be paid out; below zero where more was refunded than was left."""
    return _balance(Account.Kind.EARNINGS, user, currency)


def earned_balance(user: User, currency: str = "USD") -> int:
    return pending_balance(user, currency) + available_balance(user, currency)


def earnings_by_version(user: User, currency: str = "USD") -> list[VersionEarnings]:
    """The highest first."""
    rows = (
        _entries(user, currency)
        .filter(account__kind__in=EARNED_BY_PEOPLE, subject__startswith=VERSION_SUBJECT)
        .values("subject")
        .annotate(images=Count("transaction", distinct=True, filter=PAYMENTS), amount=Sum("amount_micro"))
        .order_by("-amount", "subject")
    )
    return [
        VersionEarnings(int(row["subject"].removeprefix(VERSION_SUBJECT)), row["images"], row["amount"]) for row in rows
    ]


def recent_entries(user: User, limit: int = 50) -> list[Entry]:
    """What moved in the user's own accounts, newest first, with account, transaction and what it settled at hand."""
    entries = Entry.objects.filter(account__owner=user).select_related("account", "transaction__settled_by")
    return list(entries.order_by("-transaction__created_at", "-id")[:limit])


def wallet_entries(user: User) -> QuerySet[Entry]:
    """What moved in the user's wallet, newest first, with account, transaction and what it settled at hand."""
    entries = Entry.objects.filter(account__owner=user, account__kind=Account.Kind.WALLET)
    return entries.select_related("account", "transaction__settled_by").order_by("-id")


def earning_entries(user: User) -> QuerySet[Entry]:
    """What the user earned and what became of it, newest first, with account and transaction at hand."""
    earned = Entry.objects.filter(account__owner=user, account__kind__in=EARNED_BY_PEOPLE)
    return earned.select_related("account", "transaction").order_by("-id")


def balance(name: AccountName) -> int:
    """Micro-units in any holder's account; 0 where there is none yet."""
    account = found_account(name)
    return 0 if account is None else balance_since(account)


def accounts_of(*names: AccountName) -> QuerySet[Account]:
    """Those of them that exist, in a stable order."""
    return Account.objects.filter(reduce(or_, (Q(**fields_of(name)) for name in names))).order_by("pk")


def sum_of_all_entries() -> int:
    """Zero, or the ledger is broken."""
    return int(Entry.objects.aggregate(sum=Sum("amount_micro", default=0))["sum"])


def _entries(user: User, currency: str) -> QuerySet[Entry]:
    return Entry.objects.filter(account__owner=user, account__currency=currency)


def _balance(kind: str, user: User, currency: str) -> int:
    return balance(AccountName(kind, user.pk, currency))

"""What a holder earned in some days: by day, model, source and lineage. What was refunded counts against it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, Max, Min, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate

from marketplace.catalogue.models import StyleVersion
from marketplace.ledger.lines import Role
from marketplace.ledger.models import Entry
from marketplace.ledger.periods import Period, entries_within
from marketplace.ledger.selectors import PAYMENTS, VERSION_SUBJECT, accounts_of
from marketplace.payouts.parts import ROLES
from marketplace.statements.holders import Holder


@dataclass(frozen=True)
class Earned:
    """The sum of a day for one subject ("version:7", "compute") and role."""

    day: date
    subject: str
    role: str
    amount_micro: int


@dataclass(frozen=True)
class OfModel:
    """What one version brought in, as a style of one's own or of somebody else; None: computing on a base."""

    version: StyleVersion | None
    sales: int
    amount_micro: int


@dataclass(frozen=True)
class OfDerivative:
    """What sales of a version that derives from one's own brought in; None where it was sold together with others."""

    own: StyleVersion
    sold: StyleVersion | None
    sales: int
    amount_micro: int


def days_until(last: date, days: int) -> Period:
    """The last day and those before it, in UTC."""
    end = datetime.combine(last + timedelta(days=1), time.min, UTC)
    return Period(end - timedelta(days=days), end)


def earned(holder: Holder, period: Period, currency: str = "USD") -> list[Earned]:
    """In order of time. What only became available adds nothing: it left one account for the other."""
    sums = Counter[tuple[date, str, str]]()
    for entries in _entries(holder, period, currency):
        days = entries.annotate(day=TruncDate("transaction__created_at", tzinfo=UTC)).values_list(
            "day", "subject", "role"
        )
        for day, subject, role, amount in days.annotate(Sum("amount_micro")):
            sums[day, subject, role] += amount
    return [Earned(*key, amount) for key, amount in sorted(sums.items()) if amount]


def by_day_and_source(lines: Iterable[Earned]) -> dict[tuple[date, str], int]:
    sums = Counter[tuple[date, str]]()
    for line in lines:
        sums[line.day, line.role] += line.amount_micro
    return dict(sums)


def by_source(lines: Iterable[Earned]) -> dict[str, int]:
    """Role -> micro-units, in the order of all roles; without those that brought nothing."""
    sums = Counter[str]()
    for line in lines:
        sums[line.role] += line.amount_micro
    return {role: sums[role] for role in sorted(sums, key=_place) if sums[role]}


def by_model(holder: Holder, period: Period, lines: Iterable[Earned], currency: str = "USD") -> list[OfModel]:
    """The highest first."""
    sums, sales = Counter[str](), Counter[str]()
    for line in lines:
        sums[line.subject] += line.amount_micro
    for entries in _entries(holder, period, currency):
        counts = entries.filter(PAYMENTS).values_list("subject").annotate(Count("transaction", distinct=True))
        sales.update(dict(counts))
    versions = _versions(sums)
    found = [OfModel(versions.get(subject), sales[subject], amount) for subject, amount in sums.items()]
    return sorted(found, key=lambda model: (-model.amount_micro, str(model.version)))


def by_lineage(holder: Holder, period: Period, currency: str = "USD") -> list[OfDerivative]:
    """Whose sale paid an ancestor: the platform has a part of every price, under the name of what was sold."""
    sums, sales = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for entries in _entries(holder, period, currency):
        for subject, first, last, payments, amount in _with_sold(entries.filter(role=Role.PARENT)):
            # Nothing was sold where money only became available: both sides of that sum to zero.
            pair = (subject, first if first and first == last else "")
            sums[pair] += amount
            sales[pair] += payments
    versions = _versions(subject for pair in sums for subject in pair)
    found = [
        OfDerivative(versions[own], versions.get(sold), sales[own, sold], amount)
        for (own, sold), amount in sums.items()
        if amount
    ]
    return sorted(found, key=lambda line: (-line.amount_micro, str(line.sold)))


def _with_sold(entries: QuerySet[Entry]) -> Iterable[tuple[str, str | None, str | None, int, int]]:
    """Subject, the first and the last version sold with it, how many payments, and the sum."""
    sold = (
        Entry.objects.filter(transaction=OuterRef("transaction"), role=Role.PLATFORM).order_by().values("transaction")
    )
    rows = entries.annotate(
        first=Subquery(sold.annotate(subject_=Min("subject")).values("subject_")),
        last=Subquery(sold.annotate(subject_=Max("subject")).values("subject_")),
    ).values_list("subject", "first", "last")
    return rows.annotate(
        payments=Count("transaction", distinct=True, filter=PAYMENTS), amount=Sum("amount_micro")
    ).order_by()


def _entries(holder: Holder, period: Period, currency: str) -> list[QuerySet[Entry]]:
    """Of each account; what has no subject, such as a payout, was not earned by anything."""
    accounts = accounts_of(*holder.accounts(currency))
    return [entries_within(account.pk, period).exclude(subject="").order_by() for account in accounts]


def _versions(subjects: Iterable[str]) -> dict[str, StyleVersion]:
    ids = [int(name.removeprefix(VERSION_SUBJECT)) for name in subjects if name.startswith(VERSION_SUBJECT)]
    found = StyleVersion.objects.select_related("style").filter(pk__in=ids)
    return {f"{VERSION_SUBJECT}{version.pk}": version for version in found}


def _place(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)

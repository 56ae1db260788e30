"""Earnings by day, for the chart."""

from datetime import date, timedelta

from django.db.models import Sum
from django.db.models.functions import TruncDate

from marketplace.accounts.models import User
from marketplace.ledger.models import Account, Entry


def earned_by_day(creator: User, *, until: date, days: int, currency: str = "USD") -> dict[date, int]:
    """Micro-units for each of the last `days` days, the oldest first; days without a sale are 0."""
    first = until - timedelta(days=days - 1)
    entries = Entry.objects.filter(
        account__owner=creator,
        account__kind=Account.Kind.PENDING,
        account__currency=currency,
        amount_micro__gt=0,
        transaction__about=None,
        transaction__created_at__date__gte=first,
    )
    rows = entries.annotate(day=TruncDate("transaction__created_at")).values_list("day").annotate(Sum("amount_micro"))
    earned = dict(rows)
    return {day: earned.get(day, 0) for day in (first + timedelta(days=number) for number in range(days))}

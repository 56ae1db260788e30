"""Months of statements, in UTC wherever the reader is: two readers get the same lines."""

import re
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.errors import InvalidInput
from marketplace.ledger.periods import Period

MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


def month_of(text: str) -> Period:
    """ "2026-11" as a period; "" is this month. Raises InvalidInput."""
    found = MONTH.fullmatch(text or f"{timezone.now().astimezone(UTC):%Y-%m}")
    if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < 2000:
        raise InvalidInput(_("Name a month as year and month, such as 2026-11."), code="invalid_month", field="month")
    year, month = int(found[1]), int(found[2])
    return Period(datetime(year, month, 1, tzinfo=UTC), datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC))


def latest_months(count: int = 12) -> list[str]:
    """As statements name them, newest first."""
    now = timezone.now().astimezone(UTC)
    newest = now.year * 12 + now.month - 1
    return [f"{number // 12}-{number % 12 + 1:02}" for number in range(newest, newest - count, -1)]

"""Which of an account's entries a stretch of time can hold, and what stood in it before: by checkpoints, not by reading
everything that came before or after."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet, Sum

from marketplace.ledger.models import Checkpoint, Entry

# Machines that share a ledger may have clocks that differ by less than this.
CLOCKS_AGREE_WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class Period:
    """From `start` until before `end`."""

    start: datetime
    end: datetime


def entries_within(account_id: int, period: Period) -> QuerySet[Entry]:
    """The account's entries of that time. Numbers beyond the checkpoints around it are not even looked at."""
    entries = Entry.objects.filter(
        account_id=account_id,
        id__gt=_last_before(account_id, period.start)[0],
        transaction__created_at__gte=period.start,
        transaction__created_at__lt=period.end,
    )
    checkpoints = Checkpoint.objects.filter(account_id=account_id, created_at__gte=period.end + CLOCKS_AGREE_WITHIN)
    after = checkpoints.order_by("entry_id").first()
    return entries if after is None else entries.filter(id__lte=after.entry_id)


def balance_before(account_id: int, moment: datetime) -> int:
    """Micro-units that stood in the account just before."""
    entry_id, balance = _last_before(account_id, moment)
    later = Entry.objects.filter(account_id=account_id, id__gt=entry_id, transaction__created_at__lt=moment)
    return balance + int(later.aggregate(sum=Sum("amount_micro", default=0))["sum"])


def _last_before(account_id: int, moment: datetime) -> tuple[int, int]:
    """Entry and balance of the newest checkpoint whose entries are all older; nothing where there is none."""
    checkpoints = Checkpoint.objects.filter(account_id=account_id, created_at__lte=moment - CLOCKS_AGREE_WITHIN)
    newest = checkpoints.order_by("-entry_id").first()
    return (0, 0) if newest is None else (newest.entry_id, newest.balance_micro)

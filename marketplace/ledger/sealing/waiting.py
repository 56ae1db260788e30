"""What is posted and not yet sealed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, QuerySet
from django.utils import timezone

from marketplace.ledger.models import Block, Transaction

# Looking for gaps in the whole ledger every two seconds would cost more with every year. What stays uncommitted for
# longer than this is found by the hourly look at everything.
LATE = timedelta(hours=1)


@dataclass(frozen=True)
class Waiting:
    """`lag` is the age of the oldest."""

    count: int
    lag: timedelta


def unsealed(*, everything: bool = False) -> QuerySet[Transaction]:
    """In order of time: all of them, or those not much older than what the last block holds."""
    waiting = Transaction.objects.filter(seal=None).order_by("created_at", "pk")
    newest = None if everything else _newest_sealed()
    return waiting if newest is None else waiting.filter(created_at__gte=newest - LATE)


def waiting(*, everything: bool = False) -> Waiting:
    found = unsealed(everything=everything).order_by().aggregate(count=Count("pk"), oldest=Min("created_at"))
    lag = timedelta(0) if found["oldest"] is None else timezone.now() - found["oldest"]
    return Waiting(found["count"], lag)


def _newest_sealed() -> datetime | None:
    last = Block.objects.order_by("-number").first()
    if last is None:
        return None
    newest: datetime = Transaction.objects.filter(seal__block=last).aggregate(newest=Max("created_at"))["newest"]
    return newest

"""What is posted and not yet sealed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count, Min, OuterRef, QuerySet, Subquery
from django.utils import timezone

from marketplace.ledger.models import Seal, Transaction


class Look(StrEnum):
    """How far back gaps are looked for. At a thousand postings a second an hour of them takes seconds to look through,
    so the clock looks back a moment every two seconds, an hour every minute, and at everything every hour.
    """

    RECENT = "recent"
    LATE = "late"
    ALL = "all"


# Longer than a request takes from its posting to its commit.
BACK = {Look.RECENT: timedelta(seconds=5), Look.LATE: timedelta(hours=1)}


@dataclass(frozen=True)
class Waiting:
    """`lag` is the age of the oldest."""

    count: int
    lag: timedelta


def unsealed(look: Look = Look.RECENT) -> QuerySet[Transaction]:
    """In order of time: all of them, or those not much older than what was sealed last."""
    found = Transaction.objects.order_by("created_at", "pk")
    newest = None if look is Look.ALL else _newest_sealed()
    if newest is not None:
        found = found.filter(created_at__gte=newest - BACK[look])
    return _without_a_seal(found) if look is Look.RECENT else found.filter(seal=None)


def _without_a_seal(found: QuerySet[Transaction]) -> QuerySet[Transaction]:
    """Of few: each one's seal is looked up. A join may be planned as a walk through all seals that there are."""
    seal = Seal.objects.filter(transaction=OuterRef("pk")).values("block_id")
    return found.annotate(sealed_in=Subquery(seal)).filter(sealed_in=None)


def waiting(look: Look = Look.RECENT) -> Waiting:
    found = unsealed(look).order_by().aggregate(count=Count("pk"), oldest=Min("created_at"))
    lag = timedelta(0) if found["oldest"] is None else timezone.now() - found["oldest"]
    return Waiting(found["count"], lag)


def _newest_sealed() -> datetime | None:
    """A block is in order of time, so its last one is its newest."""
    return Seal.objects.order_by("-block", "-position").values_list("transaction__created_at", flat=True).first()

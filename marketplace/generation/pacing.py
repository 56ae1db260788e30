"""Images of batches go to the workers a few at a time, in turn between buyers, so that nobody waits behind a thousand.

The rest wait in the database. Whoever orders one image finds at most a few of batches before it.
"""

from collections.abc import Mapping
from random import Random

import structlog
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from hub.settings.site import site_config
from marketplace.generation import dispatch
from marketplace.generation.lifecycle import OPEN
from marketplace.generation.models import Generation

log = structlog.get_logger(__name__)
State = Generation.State
WAITING_ITS_TURN = Q(paced=True, sent_at=None, state=State.QUEUED)
dice = Random()  # noqa: S311 - spreads turns, guards nothing


def pace() -> None:
    """Send as many as there is room for; where the broker is away, the next round tries again."""
    waiting, with_workers = _by_engine(_paced(WAITING_ITS_TURN)), _by_engine(_paced(Q(sent_at__isnull=False)))
    for engine, counts in waiting.items():
        busy = with_workers.get(engine, {})
        room = site_config().batch_in_flight - sum(busy.values())
        for buyer, turns in shares(room, counts, busy, dice).items():
            if not _send(engine, buyer, turns):
                return


def shares(
    room: int, waiting: Mapping[int | None, int], busy: Mapping[int | None, int], dice: Random
) -> dict[int | None, int]:
    """How many images of which buyer go next: each place to whoever has the fewest with the workers, ties by lot."""
    given: dict[int | None, int] = {}
    for _ in range(room):
        eager = [buyer for buyer, count in waiting.items() if given.get(buyer, 0) < count]
        if not eager:
            break
        least = min(busy.get(buyer, 0) + given.get(buyer, 0) for buyer in eager)
        buyer = dice.choice([each for each in eager if busy.get(each, 0) + given.get(each, 0) == least])
        given[buyer] = given.get(buyer, 0) + 1
    return given


def _send(engine: str, buyer: int | None, turns: int) -> bool:
    """The buyer's oldest; False where the broker can't be reached."""
    oldest = _paced(WAITING_ITS_TURN).filter(base_model__engine=engine, buyer=buyer).order_by("created_at")
    for pk in list(oldest.values_list("pk", flat=True)[:turns]):
        # Taken before it is sent: of two rounds at once, one sends it.
        taken = Generation.objects.filter(WAITING_ITS_TURN, pk=pk).update(sent_at=timezone.now())
        if taken and not dispatch.send(pk):
            Generation.objects.filter(pk=pk, state=State.QUEUED, times_sent=0).update(sent_at=None)
            return False
    return True


def _paced(which: Q) -> QuerySet[Generation]:
    return Generation.objects.filter(which, paced=True, state__in=OPEN)


def _by_engine(rows: QuerySet[Generation]) -> dict[str, dict[int | None, int]]:
    counts: dict[str, dict[int | None, int]] = {}
    for engine, buyer, count in rows.values_list("base_model__engine", "buyer").annotate(count=Count("pk")).order_by():
        counts.setdefault(engine, {})[buyer] = count
    return counts

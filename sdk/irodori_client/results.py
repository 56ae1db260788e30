"""The images of a batch as they come: its counts say when there is something to look for."""

from collections.abc import Callable

from irodori_client import endpoints as at
from irodori_client.calls import Calls
from irodori_client.effects import Emit, Items, Sleep
from irodori_client.following import each_of
from irodori_client.models import Batch, BatchItem
from irodori_client.models.generations import FINAL_STATES

WHOLE = 1000
"""A page that any batch fits in."""
ITEMS_PER_SECOND = 500
"""How many are listed in a second at most: a hub draws few meanwhile, and has others to answer."""


def as_they_come(calls: Calls, changes: Items[Batch], progress: Callable[[Batch], object]) -> Items[BatchItem]:
    told: set[int] = set()

    def look(batch: Batch) -> Items[BatchItem]:
        progress(batch)
        if _ended(batch) > len(told):
            yield from each_of(calls.each(at.BATCH_ITEMS, {"limit": WHOLE}, names={"id": batch.id}), new)
            if not batch.is_final:
                yield Sleep(batch.size / ITEMS_PER_SECOND)

    def new(item: BatchItem) -> Items[BatchItem]:
        if item.state in FINAL_STATES and item.number not in told:
            told.add(item.number)
            yield Emit(item)

    return each_of(changes, look)


def _ended(batch: Batch) -> int:
    return batch.counts.succeeded + batch.counts.failed + batch.counts.cancelled

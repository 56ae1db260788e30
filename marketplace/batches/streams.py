"""The progress of a batch as server-sent events, until its last image has ended."""

from collections.abc import AsyncIterator, Collection
from contextlib import aclosing
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from marketplace.api.sse import HEARTBEAT, HEARTBEAT_S, OPENING, event_bytes, event_stream
from marketplace.batches.models import Batch
from marketplace.batches.selectors import Standing, standing, standings
from marketplace.watching import Watcher


def _look(ids: Collection[UUID], _closely: Collection[UUID]) -> dict[UUID, Standing]:
    return standings(ids)


watcher = Watcher("batches", _look, every_s=0.5)


def batch_events(batch: Batch, *, last_event_id: str) -> HttpResponseBase:
    """204, by which browsers come no more, for who has seen the end. Raises Unavailable where too many watch already."""
    watcher.refuse_when_crowded()
    now = standing(batch)
    if now.ended and last_event_id == _id(now):
        return HttpResponse(status=204)
    return event_stream(_pieces(batch, last_event_id))


async def _pieces(batch: Batch, last_event_id: str) -> AsyncIterator[bytes]:
    yield OPENING
    async with aclosing(watcher.watch([batch.pk], silence_s=HEARTBEAT_S)) as sights:
        async for now in sights:
            if now is None:
                yield HEARTBEAT
            elif _id(now) != last_event_id:
                yield event_bytes("finished" if now.ended else "progress", _data(now), id=_id(now))


def _id(now: Standing) -> str:
    """Equal where nothing has changed."""
    return ".".join(str(count) for count in now.counts.values())


def _data(now: Standing) -> dict[str, object]:
    return {
        "id": str(now.id),
        "counts": now.counts,
        "done": now.done,
        "size": now.size,
        "paid_micro": now.paid_micro,
        "eta_seconds": now.eta_seconds,
    }

"""One look at many generations: a few queries however many there are."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from marketplace.generation.estimates import Progress, seconds_left, step_seconds
from marketplace.generation.models import Generation
from marketplace.generation.previews import previews_of
from marketplace.generation.sights import Sight

State = Generation.State
AT_ONCE = 500
# Whoever stands farther back is told no number, so that a long queue is not read again and again.
PLACES = 1_000
FIELDS = ("id", "state", "attempt", "step", "steps", "failure_code", "failure_message", "image_sha256")
PROGRESS = ("started_at", "width", "height", "base_model__engine")
Row = dict[str, Any]


def look(ids: Collection[UUID], previews: Collection[UUID] = ()) -> dict[UUID, Sight]:
    """Each as it is now; with its preview where one is wanted and there is one."""
    rows = [row for some in _parts(ids) for row in _rows(some)]
    places = _places({row["base_model__engine"] for row in rows if row["state"] == State.QUEUED})
    drawn = {row["id"]: row["attempt"] for row in rows if row["id"] in previews and row["state"] == State.RUNNING}
    pictures = previews_of(drawn)
    return {row["id"]: _sight(row, places, pictures.get(row["id"])) for row in rows}


def _sight(row: Row, places: Mapping[UUID, int], preview: bytes | None) -> Sight:
    place = places.get(row["id"]) if row["state"] == State.QUEUED else 0
    fields = {name: row[name] for name in FIELDS}
    return Sight(**fields, place_in_queue=place, preview=preview, eta_seconds=_eta(row, place))


def _eta(row: Row, place: int | None) -> float | None:
    if row["state"] not in (State.QUEUED, State.RUNNING):
        return None
    pace = step_seconds(row["base_model__engine"], row["width"], row["height"])
    left = seconds_left(
        Progress(row["state"], row["step"], row["steps"], row["started_at"], place), pace, timezone.now()
    )
    return None if left is None else round(left, 1)


def _rows(ids: Collection[UUID]) -> Iterator[Row]:
    yield from Generation.objects.filter(pk__in=ids).values(*FIELDS, *PROGRESS)


def _places(engines: Collection[str]) -> dict[UUID, int]:
    """Who stands where in the queues of these engines."""
    places: dict[UUID, int] = {}
    for engine in engines:
        # The rest of batches lets others go first, and has no place of its own.
        sent_or_alone = Q(paced=False) | Q(sent_at__isnull=False)
        queue = Generation.objects.filter(sent_or_alone, state=State.QUEUED, base_model__engine=engine)
        queue = queue.order_by("created_at")
        places |= {pk: place for place, pk in enumerate(queue.values_list("pk", flat=True)[:PLACES], start=1)}
    return places


def _parts(ids: Collection[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while part := list(islice(rest, AT_ONCE)):
        yield part

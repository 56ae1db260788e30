"""The progress of one generation as server-sent events, until it has ended."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext

from marketplace.api.sse import HEARTBEAT, HEARTBEAT_S, OPENING, event_bytes, event_stream
from marketplace.generation.models import Generation
from marketplace.generation.sights import ENDED, Position, Sight, events, is_later, position_in
from marketplace.generation.watching import refuse_when_crowded, watch


def generation_events(generation: Generation, *, last_event_id: str, previews: bool) -> HttpResponseBase:
    """Raises Unavailable where too many watch already. 204, by which browsers come no more, for who has seen the end."""
    refuse_when_crowded()
    last = position_in(last_event_id)
    if generation.state in ENDED and not is_later(_end_of(generation), last):
        return HttpResponse(status=204)
    return event_stream(_pieces(generation, last, previews=previews))


async def _pieces(generation: Generation, last: Position | None, *, previews: bool) -> AsyncIterator[bytes]:
    yield OPENING
    before: Sight | None = None
    async with aclosing(watch([generation.pk], previews=previews, silence_s=HEARTBEAT_S)) as sights:
        async for sight in sights:
            if sight is None:
                yield HEARTBEAT
                continue
            for event in events(before, sight):
                if is_later(position_in(event.id), last):
                    yield event_bytes(event.name, _in_their_language(event.data), id=event.id)
            before = sight


def _in_their_language(data: dict[str, object]) -> dict[str, object]:
    failure = data.get("failure")
    if not isinstance(failure, dict) or not failure["message"]:
        return data
    return data | {"failure": failure | {"message": gettext(str(failure["message"]))}}


def _end_of(generation: Generation) -> Position:
    return Sight(
        id=generation.pk,
        state=generation.state,
        attempt=generation.attempt,
        step=generation.step,
        steps=generation.steps,
    ).position

"""Follows what the hub is working on: by its stream of events where there is one, else by asking again.

A stream that breaks is taken up where it broke. The last word is always the hub's whole answer, asked for once more.
"""

import time
from collections.abc import Callable, Generator
from typing import Any, Protocol, TypeVar, cast

from typing_extensions import Never

from irodori_client.calls import Asked, Calls, request_of
from irodori_client.effects import Answer, Effect, Emit, Items, Listen, LostError, NextLine, Sleep, Steps
from irodori_client.endpoints import Endpoint
from irodori_client.errors import TooSlowError
from irodori_client.events import MEDIA_TYPE, Event, EventReader

POLL_SECONDS = 0.5
WAIT_SECONDS = 1800.0


class Stateful(Protocol):
    @property
    def is_final(self) -> bool: ...


S = TypeVar("S", bound=Stateful)
T = TypeVar("T")
Y = TypeVar("Y")
Heard = Callable[[S, Event], S]


def followed(
    calls: Calls,
    whole: Endpoint[S],
    events: Endpoint[bytes],
    id: object,  # noqa: A002 - the API's word
    heard: Heard[S],
    timeout: float,
) -> Items[S]:
    """Emit every answer that differs from the one before, up to the final one.

    `heard` makes of the last answer and an event how it is now. Raises TooSlowError.
    """
    deadline, names, reader = time.monotonic() + timeout, {"id": id}, EventReader()
    now = yield from calls.call(whole, Asked(names=names))
    yield Emit(now)
    streams = True
    while not now.is_final:
        check_time(deadline, timeout)
        streams = streams and (yield from _opened(events, names, reader))
        if streams:
            now = yield from _listened(now, reader, heard, deadline)
        else:
            yield Sleep(POLL_SECONDS)
        asked = yield from calls.call(whole, Asked(names=names))
        if asked != now:
            yield Emit(asked)
        now = asked


def each_of(items: Items[T], then: Callable[[T], Generator[Y, Any, None]]) -> Generator[Effect | Y, Any, None]:
    """Do what `then` makes of each item, in the place of emitting it."""
    try:
        effect = next(items)
        while True:
            if isinstance(effect, Emit):
                yield from then(effect.item)
                effect = next(items)
                continue
            try:
                result = yield effect
            except BaseException as error:  # noqa: BLE001 - raised again in the steps that asked
                effect = items.throw(error)
            else:
                effect = items.send(result)
    except StopIteration:
        return


def last_of(items: Items[T], tell: Callable[[T], object]) -> Steps[T]:
    """The last of what is emitted; `tell` hears of all."""
    last: list[T] = []

    def hear(item: T) -> Generator[Never, Any, None]:
        last[:] = [item]
        tell(item)
        yield from ()

    yield from each_of(items, hear)
    return last[0]


def check_time(deadline: float, timeout: float) -> None:
    """Raises TooSlowError after the deadline."""
    if time.monotonic() >= deadline:
        raise TooSlowError(f"The hub has taken {timeout:.0f} s over this and goes on. Ask for it again later.")


def _opened(events: Endpoint[bytes], names: dict[str, object], reader: EventReader) -> Steps[bool]:
    """Is there a stream to read? A hub that has none, or too many readers, is asked again and again instead."""
    headers = {"Accept": MEDIA_TYPE} | ({"Last-Event-ID": reader.last_id} if reader.last_id else {})
    try:
        answer = cast("Answer", (yield Listen(request_of(events, Asked(names=names, headers=headers)))))
    except LostError:
        return False
    return answer.status == 200 and answer.headers.get("content-type", "").startswith(MEDIA_TYPE)


def _listened(now: S, reader: EventReader, heard: Heard[S], deadline: float) -> Generator[Effect | Emit[S], Any, S]:
    """Emit what is heard until the stream ends or breaks, and return how it is then. The end is left to the whole answer."""
    try:
        while time.monotonic() < deadline:
            line = cast("str | None", (yield NextLine()))
            if line is None:
                break
            if event := reader.read(line):
                after = heard(now, event)
                if after.is_final:
                    break
                if after != now:
                    now = after
                    yield Emit(now)
    except LostError:
        pass  # It is taken up again after the last event that was whole.
    reader.broken()
    return now

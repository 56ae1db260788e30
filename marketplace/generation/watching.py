"""One thread of a process looks at all generations that anyone in it waits for, however many wait.

In the event loop: `async for sight in watch(ids)`, or `await ended(ids, seconds)`. Neither holds a thread or a connection.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from uuid import UUID

import structlog
from django.db import Error, close_old_connections, connection
from django.utils.translation import gettext as _

from marketplace.errors import Unavailable
from marketplace.generation.looking import Looker
from marketplace.generation.sights import Sight

log = structlog.get_logger(__name__)

LOOK_S = 0.25
# Whoever comes anew is told at once; a hundred who come together are told together.
LEAST_S = 0.03
IDLE_S = 30.0
# Each costs a few kilobytes and an open connection; the server takes more of those, so that pages go on.
MOST_WAITING = 1_000


@dataclass(eq=False)
class Wish:
    """What somebody wants to be told of, and what they were told last."""

    ids: frozenset[UUID]
    previews: bool
    tell: Callable[[Sight], None]
    told: dict[UUID, Sight] = field(default_factory=dict)


class Watcher:
    """Its thread starts with the first wish and ends when there was none for a while."""

    def __init__(self) -> None:
        self._lock, self._wake = Lock(), Event()
        self._wishes: set[Wish] = set()
        self._thread: Thread | None = None

    @contextmanager
    def told(self, ids: Collection[UUID], tell: Callable[[Sight], None], *, previews: bool = False) -> Iterator[None]:
        """`tell` is called from the watcher's thread: how each is now, then each change, until the block is left."""
        wish = Wish(frozenset(ids), previews, tell)
        with self._lock:
            self._wishes.add(wish)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="watcher", daemon=True)
                self._thread.start()
        self._wake.set()
        try:
            yield
        finally:
            with self._lock:
                self._wishes.discard(wish)

    @property
    def waiting(self) -> int:
        return len(self._wishes)

    def _run(self) -> None:
        looker, idle_since = Looker(), time.monotonic()
        while True:
            with self._lock:
                wishes = list(self._wishes)
                if not wishes and time.monotonic() - idle_since >= IDLE_S:
                    self._thread = None
                    return
            if wishes:
                self._look(looker, wishes)
                idle_since = time.monotonic()
            else:
                connection.close()
            self._wake.wait(LOOK_S if wishes else IDLE_S)
            self._wake.clear()
            time.sleep(LEAST_S)

    def _look(self, looker: Looker, wishes: list[Wish]) -> None:
        ids = frozenset[UUID]().union(*(wish.ids for wish in wishes))
        previews = frozenset[UUID]().union(*(wish.ids for wish in wishes if wish.previews))
        close_old_connections()
        try:
            seen = looker.look(ids, previews)
        except Error as error:
            # The database may be away for a moment; who waits is told when it is back.
            log.warning("generation.not_seen", reason=str(error))
            return
        for wish in wishes:
            _tell(wish, seen)


def _tell(wish: Wish, seen: dict[UUID, Sight]) -> None:
    for pk in wish.ids & seen.keys():
        sight = seen[pk]
        if wish.told.get(pk) != sight:
            wish.told[pk] = sight
            wish.tell(sight)


watcher = Watcher()


def refuse_when_crowded() -> None:
    """Raises Unavailable; asked before anything is ordered."""
    if watcher.waiting >= MOST_WAITING:
        raise Unavailable(
            _("Too many are waiting for pictures right now. Try again in a moment."), code="too_many_waiting"
        )


async def watch(
    ids: Collection[UUID], *, previews: bool = False, silence_s: float | None = None
) -> AsyncGenerator[Sight | None]:
    """Each as it is now, then each as it changes, until all have ended; of several changes in one moment the last.

    None where nothing changed for `silence_s`.
    """
    loop, news, anything = asyncio.get_running_loop(), dict[UUID, Sight](), asyncio.Event()

    def note(sight: Sight) -> None:
        news[sight.id] = sight
        anything.set()

    still_open = set(ids)
    with watcher.told(ids, lambda sight: _in_loop(loop, note, sight), previews=previews):
        while still_open:
            try:
                async with asyncio.timeout(silence_s):
                    await anything.wait()
            except TimeoutError:
                yield None
                continue
            anything.clear()
            for sight in [news.pop(pk) for pk in list(news)]:
                yield sight
                if sight.ended:
                    still_open.discard(sight.id)


async def ended(ids: Collection[UUID], seconds: float) -> bool:
    """Have all of them ended within this time?"""
    try:
        async with asyncio.timeout(seconds), aclosing(watch(ids)) as sights:
            async for _sight in sights:
                pass
    except TimeoutError:
        return False
    return True


def _in_loop(loop: asyncio.AbstractEventLoop, note: Callable[[Sight], None], sight: Sight) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(note, sight)

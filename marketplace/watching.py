"""One thread of a process looks at everything of a kind that anyone in it waits for, however many wait.

In the event loop `async for sight in watch(...)` holds neither a thread nor a connection.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock, Thread
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import structlog
from django.db import Error, close_old_connections, connection
from django.utils.translation import gettext as _

from marketplace.errors import Unavailable

log = structlog.get_logger(__name__)

# Whoever comes anew is told at once; a hundred who come together are told together.
LEAST_S = 0.03
IDLE_S = 30.0
# Each costs a few kilobytes and an open connection; the server takes more of those, so that pages go on.
MOST_WAITING = 1_000


class Seen(Protocol):
    """How something is at one moment; equal to another where nothing changed that anyone is told of."""

    @property
    def id(self) -> UUID: ...

    @property
    def ended(self) -> bool: ...


S = TypeVar("S", bound=Seen)
T = TypeVar("T")


@dataclass(eq=False)
class Wish(Generic[S]):
    """What somebody wants to be told of, and what they were told last; `lose` is called for what is no longer there."""

    ids: frozenset[UUID]
    closely: bool
    tell: Callable[[S], None]
    lose: Callable[[UUID], None]
    told: dict[UUID, S] = field(default_factory=dict)


class Watcher(Generic[S]):
    """Its thread starts with the first wish and ends when there was none for a while.

    `look` is given all ids, and those of them that somebody wants to see closely.
    """

    def __init__(
        self, name: str, look: Callable[[Collection[UUID], Collection[UUID]], Mapping[UUID, S]], *, every_s: float
    ) -> None:
        self._name, self._look, self._every_s = name, look, every_s
        self._lock, self._wake = Lock(), Event()
        self._wishes: set[Wish[S]] = set()
        self._thread: Thread | None = None

    @property
    def waiting(self) -> int:
        return len(self._wishes)

    @property
    def crowded(self) -> bool:
        return self.waiting >= MOST_WAITING

    def refuse_when_crowded(self) -> None:
        """Raises Unavailable; asked before anything is ordered."""
        if self.crowded:
            message = _("Too many are waiting for pictures right now. Try again in a moment.")
            raise Unavailable(message, code="too_many_waiting")

    @contextmanager
    def told(
        self,
        ids: Collection[UUID],
        tell: Callable[[S], None],
        *,
        closely: bool = False,
        lose: Callable[[UUID], None] = lambda _id: None,
    ) -> Iterator[None]:
        """`tell` is called from the watcher's thread: how each is now, then each change, until the block is left."""
        wish = Wish(frozenset(ids), closely, tell, lose)
        with self._lock:
            self._wishes.add(wish)
            if self._thread is None:
                self._thread = Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        self._wake.set()
        try:
            yield
        finally:
            with self._lock:
                self._wishes.discard(wish)

    async def watch(
        self, ids: Collection[UUID], *, closely: bool = False, silence_s: float | None = None
    ) -> AsyncGenerator[S | None]:
        """Each as it is now, then each as it changes, until all have ended or are gone; of several changes at once the last.

        None where nothing changed for `silence_s`.
        """
        loop, news, anything = asyncio.get_running_loop(), dict[UUID, S](), asyncio.Event()

        still_open = set(ids)

        def note(sight: S) -> None:
            news[sight.id] = sight
            anything.set()

        def forget(pk: UUID) -> None:
            still_open.discard(pk)
            anything.set()

        def in_loop(act: Callable[[T], None], about: T) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(act, about)

        with self.told(ids, partial(in_loop, note), closely=closely, lose=partial(in_loop, forget)):
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

    def _run(self) -> None:
        idle_since = time.monotonic()
        while True:
            with self._lock:
                wishes = list(self._wishes)
                if not wishes and time.monotonic() - idle_since >= IDLE_S:
                    self._thread = None
                    return
            if wishes:
                self._look_for(wishes)
                idle_since = time.monotonic()
            else:
                connection.close()
            self._wake.wait(self._every_s if wishes else IDLE_S)
            self._wake.clear()
            time.sleep(LEAST_S)

    def _look_for(self, wishes: list[Wish[S]]) -> None:
        ids = frozenset[UUID]().union(*(wish.ids for wish in wishes))
        closely = frozenset[UUID]().union(*(wish.ids for wish in wishes if wish.closely))
        try:
            close_old_connections()
            seen = self._look(ids, closely)
        except Error as error:
            # The database may be away for a moment; who waits is told when it is back.
            log.warning("watcher.saw_nothing", watcher=self._name, reason=str(error))
            return
        except Exception:
            # The thread's end would leave everyone waiting for ever, those who come later too.
            log.exception("watcher.saw_nothing", watcher=self._name)
            return
        for wish in wishes:
            _tell(wish, seen)


def _tell(wish: Wish[S], seen: Mapping[UUID, S]) -> None:
    for pk in wish.told.keys() - seen.keys():
        del wish.told[pk]
        wish.lose(pk)
    for pk in wish.ids & seen.keys():
        sight = seen[pk]
        if wish.told.get(pk) != sight:
            wish.told[pk] = sight
            wish.tell(sight)

"""One thread owns the device: requests join and leave between steps, groups of them take turns step by step.

Everything that touches an engine runs here, so engines need no locks, and a read of the live base (`call`) always sees
it between steps, restored.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import structlog

from hub.plugin_api import Engine, Generation, Trouble, trouble
from serving.engine.group import DeviceLostError, Group, settle
from serving.engine.idle import IDLE_SECONDS, give_pages_back
from serving.engine.ticket import HandedBackError, Ticket
from serving.engine.trouble import exit_at_once, free_memory

log = structlog.get_logger(__name__)

Engines = Mapping[str, Engine]
T = TypeVar("T")
STARTING_SECONDS = 0.25
"""For so long a group may start new runs, prompts and merged weights included, while others wait for their next step."""


@dataclass(eq=False)
class Call:
    """A function to run between steps."""

    function: Callable[[Engines], Any]
    future: "Future[Any]"


class Drain:
    """What has not begun is not to begin here."""


class Stop:
    """Nothing more will be submitted: finish what runs, then end."""


Item = Ticket | Call | Drain | Stop


class EngineLoop:
    """`engines` are built but not loaded: loading, too, happens on the thread. `max_batch` is the most runs of one step.

    `on_lost` is called when the device is gone, with every job unanswered, so that another worker does it.
    """

    def __init__(
        self,
        engines: Engines,
        device: str,
        deadline_seconds: float,
        max_batch: int = 8,
        on_lost: Callable[[], None] = exit_at_once,
    ) -> None:
        self.engines = engines
        self.device = device
        self.deadline_seconds = deadline_seconds
        self.max_batch = max_batch
        self._on_lost = on_lost
        self._arrived = 0
        self._inbox: SimpleQueue[Item] = SimpleQueue()
        # The group at the front is stepped next and goes to the back, so none starves.
        self._groups: OrderedDict[tuple[str, str], Group] = OrderedDict()
        self._draining = self._stopping = False
        self._thread = Thread(target=self._serve, name="engine", daemon=True)

    def start(self) -> None:
        """Load every engine and begin to serve. Raises what an engine's `load` raised."""
        loading = Call(self._load, Future())
        self._inbox.put(loading)
        self._thread.start()
        loading.future.result()

    def submit(self, ticket: Ticket) -> "Future[Generation]":
        """The image, or what went wrong: CancelledError, DeadlineError, HandedBackError, JobRefusedError, or what the engine raised."""
        ticket.deadline = time.monotonic() + self.deadline_seconds
        if self._prepared(ticket):
            self._inbox.put(ticket)
        return ticket.future

    def call(self, function: Callable[[Engines], T]) -> T:
        """Run a function on the engine's thread, between steps."""
        call = Call(function, Future())
        self._inbox.put(call)
        result: T = call.future.result()
        return result

    def drain(self) -> None:
        """Finish what runs, and end with HandedBackError what waits or is still submitted."""
        self._inbox.put(Drain())

    def stop(self, timeout: float | None = None) -> None:
        """Finish what was submitted, then end the thread."""
        self._inbox.put(Stop())
        self._thread.join(timeout)

    def _load(self, engines: Engines) -> None:
        for name, engine in engines.items():
            started = time.monotonic()
            engine.load(self.device)
            log.info("engine.loaded", engine=name, seconds=round(time.monotonic() - started, 3))

    def _prepared(self, ticket: Ticket) -> bool:
        """On the caller's thread, so that no running request waits while adapters are brought to the device."""
        try:
            if engine := self.engines.get(ticket.job.engine):
                engine.prepare(ticket.packs)
        except Exception as error:  # noqa: BLE001 - as in _admit
            match trouble(error):
                case Trouble.OUT_OF_MEMORY:
                    # Between two steps there may be room: `start` tries again.
                    free_memory()
                    return True
                case Trouble.DEVICE_LOST:
                    self._lose(error)
                case Trouble.OTHER:
                    ticket.future.set_exception(error)
            return False
        return True

    def _serve(self) -> None:
        try:
            while not self._stopping or self._groups:
                self._take_in()
                if self._groups:
                    self._step_next_group()
        except DeviceLostError as lost:
            self._lose(lost.__cause__)
        except Exception:
            # Nobody may raise this far; whoever waits would wait for ever for a thread that is gone.
            log.critical("engine.loop_broke", exc_info=True)
            self._on_lost()

    def _lose(self, error: BaseException | None) -> None:
        log.critical("engine.device_lost", error=str(error))
        self._on_lost()

    def _take_in(self) -> None:
        """Everything that waits in the inbox; with nothing to step, wait for something."""
        item = self._at_once() if self._groups else self._awaited()
        while item is not None:
            match item:
                case Ticket():
                    self._admit(item)
                case Call():
                    settle(item.future, partial(item.function, self.engines))
                case Drain():
                    self._hand_back()
                case Stop():
                    self._stopping = True
            item = self._at_once()

    def _at_once(self) -> Item | None:
        try:
            return self._inbox.get_nowait()
        except Empty:
            return None

    def _awaited(self) -> Item:
        try:
            return self._inbox.get(timeout=IDLE_SECONDS)
        except Empty:
            give_pages_back()
            return self._inbox.get()

    def _hand_back(self) -> None:
        self._draining = True
        for key, group in list(self._groups.items()):
            group.hand_back()
            if group.empty:
                del self._groups[key]

    def _admit(self, ticket: Ticket) -> None:
        if self._draining:
            ticket.future.set_exception(HandedBackError())
            return
        try:
            key = ticket.job.engine, self.engines[ticket.job.engine].group(ticket.job)
        except Exception as error:  # noqa: BLE001 - the boundary to an engine plugin: its error fails its job alone
            ticket.future.set_exception(error)
            return
        self._arrived += 1
        ticket.number = self._arrived
        group = self._groups.setdefault(key, Group(self.engines[ticket.job.engine], self.max_batch))
        group.waiting.append(ticket)

    def _step_next_group(self) -> None:
        key, group = self._groups.popitem(last=False)
        group.leave_early()
        others = [each for (engine, _), each in self._groups.items() if engine == key[0]]
        oldest_short = min((each.number for other in others for each in other.waiting if each.short), default=math.inf)
        anyone_runs = any(each.running for each in self._groups.values())
        group.fill(
            until=time.monotonic() + STARTING_SECONDS if anyone_runs else math.inf,
            before=oldest_short,
            room_comes=any(each.running for each in others),
        )
        if group.running:
            group.step()
        if not group.empty:
            self._groups[key] = group

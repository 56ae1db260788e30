"""One thread owns the device: requests join and leave between steps, groups of them take turns step by step.

Everything that touches an engine runs here, so engines need no locks, and a read of the live base (`call`) always sees
it between steps, restored.
"""

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

from hub.plugin_api import Engine, Generation
from serving.engine.ticket import CancelledError, DeadlineError, Ticket

log = structlog.get_logger(__name__)

Engines = Mapping[str, Engine]
T = TypeVar("T")


@dataclass(eq=False)
class Call:
    """A function to run between steps."""

    function: Callable[[Engines], Any]
    future: "Future[Any]"


class Stop:
    """Nothing more will be submitted: finish what runs, then end."""


class EngineLoop:
    """`engines` are built but not loaded: loading, too, happens on the thread."""

    def __init__(self, engines: Engines, device: str, deadline_seconds: float) -> None:
        self.engines = engines
        self.device = device
        self.deadline_seconds = deadline_seconds
        self._inbox: SimpleQueue[Ticket | Call | Stop] = SimpleQueue()
        # The group at the front is stepped next and goes to the back, so none starves.
        self._groups: OrderedDict[tuple[str, str], list[Ticket]] = OrderedDict()
        self._stopping = False
        self._thread = Thread(target=self._serve, name="engine", daemon=True)

    def start(self) -> None:
        """Load every engine and begin to serve. Raises what an engine's `load` raised."""
        loading = Call(self._load, Future())
        self._inbox.put(loading)
        self._thread.start()
        loading.future.result()

    def submit(self, ticket: Ticket) -> "Future[Generation]":
        """The image, or what went wrong: CancelledError, DeadlineError, JobRefusedError, or what the engine raised."""
        ticket.deadline = time.monotonic() + self.deadline_seconds
        self._inbox.put(ticket)
        return ticket.future

    def call(self, function: Callable[[Engines], T]) -> T:
        """Run a function on the engine's thread, between steps."""
        call = Call(function, Future())
        self._inbox.put(call)
        result: T = call.future.result()
        return result

    def stop(self, timeout: float | None = None) -> None:
        """Finish what was submitted, then end the thread."""
        self._inbox.put(Stop())
        self._thread.join(timeout)

    def _load(self, engines: Engines) -> None:
        for name, engine in engines.items():
            started = time.monotonic()
            engine.load(self.device)
            log.info("engine.loaded", engine=name, seconds=round(time.monotonic() - started, 3))

    def _serve(self) -> None:
        while not self._stopping or self._groups:
            self._take_in()
            if self._groups:
                self._step_next_group()

    def _take_in(self) -> None:
        """Everything that waits in the inbox; with nothing to step, wait for something."""
        wait = not self._groups
        while True:
            try:
                item = self._inbox.get(block=wait)
            except Empty:
                return
            wait = False
            match item:
                case Ticket():
                    self._admit(item)
                case Call():
                    _settle(item.future, partial(item.function, self.engines))
                case Stop():
                    self._stopping = True

    def _admit(self, ticket: Ticket) -> None:
        if self._left_early(ticket):
            return
        try:
            engine = self.engines[ticket.job.engine]
            group = engine.group(ticket.job)
            ticket.run = engine.start(ticket.job, ticket.packs)
        except Exception as error:  # noqa: BLE001 - the boundary to an engine plugin: its error fails its job alone
            ticket.future.set_exception(error)
            return
        self._groups.setdefault((ticket.job.engine, group), []).append(ticket)

    def _step_next_group(self) -> None:
        key, everyone = self._groups.popitem(last=False)
        tickets = [ticket for ticket in everyone if not self._left_early(ticket)]
        if not tickets:
            return
        engine = self.engines[key[0]]
        try:
            engine.step([ticket.run for ticket in tickets if ticket.run])
        except Exception as error:  # noqa: BLE001 - as in _admit; who shared the step can't go on from half of it
            for ticket in tickets:
                ticket.future.set_exception(error)
            return
        if going_on := [ticket for ticket in tickets if not _finished(engine, ticket)]:
            self._groups[key] = going_on

    def _left_early(self, ticket: Ticket) -> bool:
        if ticket.cancelled.is_set():
            ticket.future.set_exception(CancelledError())
        elif time.monotonic() > ticket.deadline:
            ticket.future.set_exception(DeadlineError())
        return ticket.future.done()


def _finished(engine: Engine, ticket: Ticket) -> bool:
    """Report the step; where it was the last, deliver the image."""
    run = ticket.run
    if run is None:
        return True
    ticket.on_step(run.step)
    if run.done:
        _settle(ticket.future, partial(engine.finish, run))
    return run.done


def _settle(future: "Future[T]", work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - whoever waits for the future gets it
        future.set_exception(error)

"""One thread owns the device: requests join and leave between steps, groups of them take turns step by step.

Everything that touches an engine runs here, so engines need no locks, and a read of the live base (`call`) always sees
it between steps, restored.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import structlog

from hub.plugin_api import Engine, EngineFullError, Generation, JobRefusedError, Run
from serving.engine.ticket import CancelledError, DeadlineError, Ticket

log = structlog.get_logger(__name__)

Engines = Mapping[str, Engine]
T = TypeVar("T")
TOO_MUCH = "These styles together are more than this worker can hold. Choose fewer or smaller ones."


@dataclass(eq=False)
class Call:
    """A function to run between steps."""

    function: Callable[[Engines], Any]
    future: "Future[Any]"


class Stop:
    """Nothing more will be submitted: finish what runs, then end."""


@dataclass(eq=False)
class Group:
    """Jobs that may be stepped together: those in the batch, and those that wait for a place in it, first come first."""

    running: list[Ticket] = field(default_factory=list)
    waiting: deque[Ticket] = field(default_factory=deque)


class EngineLoop:
    """`engines` are built but not loaded: loading, too, happens on the thread. `max_batch` is the most runs of one step."""

    def __init__(self, engines: Engines, device: str, deadline_seconds: float, max_batch: int = 8) -> None:
        self.engines = engines
        self.device = device
        self.deadline_seconds = deadline_seconds
        self.max_batch = max_batch
        self._inbox: SimpleQueue[Ticket | Call | Stop] = SimpleQueue()
        # The group at the front is stepped next and goes to the back, so none starves.
        self._groups: OrderedDict[tuple[str, str], Group] = OrderedDict()
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
        try:
            # On the caller's thread, so that no running request waits while adapters are brought to the device.
            if engine := self.engines.get(ticket.job.engine):
                engine.prepare(ticket.packs)
        except Exception as error:  # noqa: BLE001 - as in _admit
            ticket.future.set_exception(error)
            return ticket.future
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
        try:
            key = ticket.job.engine, self.engines[ticket.job.engine].group(ticket.job)
        except Exception as error:  # noqa: BLE001 - the boundary to an engine plugin: its error fails its job alone
            ticket.future.set_exception(error)
            return
        self._groups.setdefault(key, Group()).waiting.append(ticket)

    def _step_next_group(self) -> None:
        key, group = self._groups.popitem(last=False)
        engine = self.engines[key[0]]
        self._leave_early(engine, group)
        self._fill(engine, group)
        if group.running:
            self._step(engine, group)
        if group.running or group.waiting:
            self._groups[key] = group

    def _fill(self, engine: Engine, group: Group) -> None:
        """Start who waited longest, as far as the batch and the engine have room."""
        while group.waiting and len(group.running) < self.max_batch:
            try:
                group.waiting[0].run = engine.start(group.waiting[0].job, group.waiting[0].packs)
            except EngineFullError:
                if self._anything_runs(group):
                    return
                group.waiting.popleft().future.set_exception(JobRefusedError("too_many_styles", TOO_MUCH))
            except Exception as error:  # noqa: BLE001 - as in _admit
                group.waiting.popleft().future.set_exception(error)
            else:
                group.running.append(group.waiting.popleft())

    def _anything_runs(self, group: Group) -> bool:
        """So that waiting will help: whoever runs gives back what it holds."""
        return any(each.running for each in (group, *self._groups.values()))

    def _step(self, engine: Engine, group: Group) -> None:
        try:
            engine.step([ticket.run for ticket in group.running if ticket.run])
        except Exception as error:  # noqa: BLE001 - as in _admit; who shared the step can't go on from half of it
            for ticket in group.running:
                _end(engine, ticket)
                ticket.future.set_exception(error)
            group.running.clear()
            return
        group.running = [ticket for ticket in group.running if not _finished(engine, ticket)]

    def _leave_early(self, engine: Engine, group: Group) -> None:
        group.waiting = deque(ticket for ticket in group.waiting if not _left_early(ticket))
        left = [ticket for ticket in group.running if _left_early(ticket)]
        for ticket in left:
            _end(engine, ticket)
        group.running = [ticket for ticket in group.running if ticket not in left]


def _left_early(ticket: Ticket) -> bool:
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
        _settle(ticket.future, partial(_image, engine, ticket, run))
    return run.done


def _image(engine: Engine, ticket: Ticket, run: Run) -> Generation:
    try:
        return engine.finish(run)
    finally:
        _end(engine, ticket)


def _end(engine: Engine, ticket: Ticket) -> None:
    """Give back what the run holds, once."""
    run, ticket.run = ticket.run, None
    if run is not None:
        engine.end(run)


def _settle(future: "Future[T]", work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - whoever waits for the future gets it
        future.set_exception(error)

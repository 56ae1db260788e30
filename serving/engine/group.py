"""Jobs of one engine that are stepped together: who starts, who leaves, and what an error does to whom."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from hub.plugin_api import Engine, EngineFullError, Generation, JobRefusedError, Run, Trouble, trouble
from serving.engine.ticket import CancelledError, DeadlineError, HandedBackError, Ticket, never
from serving.engine.trouble import free_memory

log = structlog.get_logger(__name__)

T = TypeVar("T")
TOO_MANY_STYLES = "These styles together are more than this worker can hold. Choose fewer or smaller ones."
CALM_STEPS = 32
TOO_LARGE = "This picture needs more memory than this worker has. Choose a smaller size or fewer styles."


class DeviceLostError(Exception):
    """The device answers no more; nobody's future was touched, for another worker will do these jobs."""


@dataclass(eq=False)
class Group:
    """Those in the batch, of which `most` fit, and those that wait for a place in it, first come first.

    Each time memory runs out `most` is half of those that were too many. After twice CALM_STEPS steps of a full batch one more is tried,
    up to what it was at first; each further time that number of steps doubles, since who is tried in vain begins again.
    """

    engine: Engine
    most: int
    running: list[Ticket] = field(default_factory=list)
    waiting: deque[Ticket] = field(default_factory=deque)
    _calm: int = field(default=0, init=False)
    _patience: int = field(default=CALM_STEPS, init=False)

    def __post_init__(self) -> None:
        self._limit = self.most

    @property
    def empty(self) -> bool:
        return not (self.running or self.waiting)

    def leave_early(self) -> None:
        """Who was cancelled or is late."""
        self.waiting = deque(ticket for ticket in self.waiting if not _left_early(ticket))
        left = [ticket for ticket in self.running if _left_early(ticket)]
        for ticket in left:
            self._end(ticket)
        self.running = [ticket for ticket in self.running if ticket not in left]

    def hand_back(self) -> None:
        """Who waits."""
        for ticket in self.waiting:
            ticket.future.set_exception(HandedBackError())
        self.waiting.clear()

    def fill(self, *, until: float, before: float, room_comes: bool) -> None:
        """Start who waited longest, as far as the batch has room and at least one, but no new one after `until`.

        Who came after `before` and wears styles would take the slots that an older one waits for. `room_comes` says
        that others run on this engine, and will give back what they hold.
        """
        while self.waiting and len(self.running) < self.most:
            first = self.waiting[0]
            if first.packs and first.number > before:
                return
            if not self._start(first, room_comes=room_comes or bool(self.running)):
                return
            if time.monotonic() > until:
                return

    def step(self) -> None:
        """Advance everyone in the batch; deliver the images of those whose last step it was."""
        try:
            self.engine.step([ticket.run for ticket in self.running if ticket.run])
        except Exception as error:  # noqa: BLE001 - the boundary to an engine plugin
            if _known(error) is Trouble.OUT_OF_MEMORY:
                self._go_back()
            else:
                # Who shared the step can't go on from half of it.
                self._fail(self.running, error)
            return
        self._recover()
        self.running = [ticket for ticket in self.running if not self._finished(ticket)]

    def _start(self, first: Ticket, *, room_comes: bool) -> bool:
        """False if it stays where it is."""
        try:
            first.run = self.engine.start(first.job, first.packs)
        except EngineFullError:
            first.short = room_comes
            if room_comes:
                return False
            first.future.set_exception(JobRefusedError("too_many_styles", TOO_MANY_STYLES))
        except Exception as error:  # noqa: BLE001 - as in step
            if _known(error) is Trouble.OUT_OF_MEMORY and not first.retried:
                first.retried = True
                free_memory()
                return False
            first.future.set_exception(_answer(error))
        else:
            self.running.append(first)
        self.waiting.popleft()
        return True

    def _go_back(self) -> None:
        """Memory ran out: begin again from the first step, half as many at a time. Who is alone has one more try."""
        again = [ticket for ticket in self.running if len(self.running) > 1 or not ticket.retried]
        self._fail(
            [ticket for ticket in self.running if ticket not in again], JobRefusedError("out_of_memory", TOO_LARGE)
        )
        self.most = max(1, len(again) // 2)
        self._patience, self._calm = 2 * self._patience, 0
        log.warning("engine.out_of_memory", runs=len(again), retried_at_most=self.most)
        for ticket in reversed(again):
            self._end(ticket)
            ticket.retried = len(again) == 1
            self.waiting.appendleft(ticket)
        self.running.clear()
        free_memory()

    def _recover(self) -> None:
        """What took the memory may be gone."""
        if len(self.running) < self.most or self.most == self._limit:
            return
        self._calm += 1
        if self._calm == self._patience:
            self.most, self._calm = self.most + 1, 0

    def _finished(self, ticket: Ticket) -> bool:
        """Report the step; where it was the last, deliver the image."""
        run = ticket.run
        if run is None:
            return True
        ticket.on_step(run.step)
        if run.done:
            self._deliver(ticket, run)
        elif ticket.wants_preview(run.step):
            self._preview(ticket, run)
        return run.done

    def _preview(self, ticket: Ticket, run: Run) -> None:
        """A picture goes on without a glimpse of it, and none is tried again."""
        try:
            preview = self.engine.preview(run)
        except Exception as error:  # noqa: BLE001 - as in step
            _known(error)
            ticket.wants_preview = never
            log.warning("engine.preview_failed", error=repr(error))
        else:
            if preview is not None:
                ticket.on_preview(preview)

    def _deliver(self, ticket: Ticket, run: Run) -> None:
        try:
            image = self._image(run)
        except Exception as error:  # noqa: BLE001 - as in step
            _known(error)
            self._end(ticket)
            ticket.future.set_exception(_answer(error))
        else:
            self._end(ticket)
            ticket.future.set_result(image)

    def _image(self, run: Run) -> Generation:
        try:
            return self.engine.finish(run)
        except Exception as error:
            if trouble(error) is not Trouble.OUT_OF_MEMORY:
                raise
        free_memory()
        return self.engine.finish(run)

    def _fail(self, tickets: list[Ticket], error: Exception) -> None:
        for ticket in tickets:
            self._end(ticket)
            ticket.future.set_exception(error)
        self.running = [ticket for ticket in self.running if ticket not in tickets]

    def _end(self, ticket: Ticket) -> None:
        """Give back what the run holds, once. What an engine can't take back costs its memory, not the other jobs."""
        run, ticket.run = ticket.run, None
        try:
            if run is not None:
                self.engine.end(run)
        except Exception as error:  # noqa: BLE001 - as in step
            _known(error)
            # Without its traceback: drawing one would hold up everyone on this thread.
            log.error("engine.end_failed", error=repr(error))


def settle(future: "Future[T]", work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - whoever waits for the future gets it
        future.set_exception(error)


def _known(error: Exception) -> Trouble:
    """Raises DeviceLostError, which no group can deal with."""
    found = trouble(error)
    if found is Trouble.DEVICE_LOST:
        raise DeviceLostError from error
    return found


def _answer(error: Exception) -> Exception:
    return JobRefusedError("out_of_memory", TOO_LARGE) if trouble(error) is Trouble.OUT_OF_MEMORY else error


def _left_early(ticket: Ticket) -> bool:
    if ticket.cancelled.is_set():
        ticket.future.set_exception(CancelledError())
    elif time.monotonic() > ticket.deadline:
        ticket.future.set_exception(DeadlineError())
    return ticket.future.done()

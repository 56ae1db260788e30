"""One generation in the loop: what to run, who waits for it, and what stops it early."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Event

from hub.jobs import GenerateJob
from hub.plugin_api import Generation, LocalPack, Preview, Run


class CancelledError(Exception):
    """The site told this worker to stop the job; nobody waits for an answer."""


class HandedBackError(Exception):
    """This worker stops, and the job had not begun: another one is to do it."""


class DeadlineError(Exception):
    """The job ran longer than a job may."""


def _ignore(_: object) -> None:
    """For a ticket that nobody watches."""


def never(_: int) -> bool:
    """For a ticket of which nobody wants to see anything before it is done."""
    return False


@dataclass(eq=False)
class Ticket:
    """`on_step` is called on the engine's thread with the steps done: it must be quick and must not raise.
    So are `wants_preview`, which is then asked whether one is worth making, and `on_preview`, which gets it.

    `number` counts the tickets of a loop as they come. `short`: the engine had no room for it when it was first in line;
    `retried`: memory ran out for it alone, and it has had its second try.
    """

    job: GenerateJob
    packs: Sequence[LocalPack] = ()
    on_step: Callable[[int], None] = _ignore
    wants_preview: Callable[[int], bool] = never
    on_preview: Callable[[Preview], None] = _ignore
    cancelled: Event = field(default_factory=Event)
    future: "Future[Generation]" = field(default_factory=Future)
    deadline: float = float("inf")
    run: Run | None = None
    number: int = 0
    short: bool = False
    retried: bool = False

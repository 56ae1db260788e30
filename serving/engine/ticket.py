"""One generation in the loop: what to run, who waits for it, and what stops it early."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Event

from hub.jobs import GenerateJob
from hub.plugin_api import Generation, LocalPack, Run


class CancelledError(Exception):
    """The site told this worker to stop the job; nobody waits for an answer."""


class DeadlineError(Exception):
    """The job ran longer than a job may."""


def _ignore(step: int) -> None:
    """For a ticket whose steps nobody watches."""


@dataclass(eq=False)
class Ticket:
    """`on_step` is called on the engine's thread with the steps done: it must be quick and must not raise.

    `number` counts the tickets of a loop as they come. `short`: the engine had no room for it when it was first in line;
    `retried`: memory ran out for it alone, and it has had its second try.
    """

    job: GenerateJob
    packs: Sequence[LocalPack] = ()
    on_step: Callable[[int], None] = _ignore
    cancelled: Event = field(default_factory=Event)
    future: "Future[Generation]" = field(default_factory=Future)
    deadline: float = float("inf")
    run: Run | None = None
    number: int = 0
    short: bool = False
    retried: bool = False

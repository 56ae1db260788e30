"""Finds generations that stopped moving: never started, or their worker gone. Runs every few seconds."""

from datetime import datetime, timedelta

import structlog
from django.db.models import Q
from structlog.contextvars import bound_contextvars

from hub.jobs import WORKER_MARK, WorkerStarted
from marketplace.generation import dispatch
from marketplace.generation.failures import TOOK_TOO_LONG, WORKER_LOST
from marketplace.generation.lifecycle import OPEN, give_up, try_again_or_fail
from marketplace.generation.models import Generation
from marketplace.generation.settlement import HOLD_LIFE

log = structlog.get_logger(__name__)

# What is taken back as not sent waits this long, since the broker has just been away.
JUST_SAVED = timedelta(seconds=3)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=10)
AT_ONCE = 500


def reap(*, now: datetime) -> None:
    """Give up what waited too long, fail over what lost its worker, then publish again what nobody started."""
    for generation in Generation.objects.filter(state__in=OPEN, created_at__lt=now - HOLD_LIFE)[:AT_ONCE]:
        give_up(generation, code="took_too_long", message=TOOK_TOO_LONG)
    for generation in Generation.objects.filter(state=Generation.State.RUNNING, lease_until__lt=now)[:AT_ONCE]:
        _fail_over(generation, Q(lease_until__lt=now))
    for generation in _perhaps_lost_in_the_queue(now):
        if is_due(generation, now) and not dispatch.send(generation.pk):
            return  # No broker: the next round tries again.


def worker_started(message: WorkerStarted) -> None:
    """Fail over at once what an earlier process at the same address held, instead of waiting for its lease to end."""
    address = message.worker.partition(WORKER_MARK)[0] + WORKER_MARK
    held = Q(state=Generation.State.RUNNING, worker__startswith=address) & ~Q(worker=message.worker)
    for generation in Generation.objects.filter(held)[:AT_ONCE]:
        _fail_over(generation, held)


def _fail_over(generation: Generation, only: Q) -> None:
    with bound_contextvars(generation=str(generation.pk)):
        log.warning("generation.worker_lost", attempt=generation.attempt, worker=generation.worker)
        # A heartbeat may have come after the list was made, and then nothing is lost.
        try_again_or_fail(generation, code="worker_lost", message=WORKER_LOST, only=only)


def is_due(generation: Generation, now: datetime) -> bool:
    """Waiting in a long queue is no failure, so each time the wait doubles and no attempt is used up."""
    if generation.sent_at is None:
        return now - generation.created_at >= JUST_SAVED
    return now - generation.sent_at >= wait_before_sending_again(generation.times_sent)


def wait_before_sending_again(times_sent: int) -> timedelta:
    """30 s, 60 s, 120 s ... at most 10 minutes."""
    doublings = min(max(times_sent - 1, 0), 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def _perhaps_lost_in_the_queue(now: datetime) -> list[Generation]:
    # What waits its turn is not lost: pacing.py sends it.
    unsent = Q(sent_at=None, created_at__lte=now - JUST_SAVED, paced=False)
    unanswered = Q(sent_at__lte=now - FIRST_WAIT)
    waiting = Generation.objects.filter(unsent | unanswered, state=Generation.State.QUEUED)
    return list(waiting.order_by("created_at")[:AT_ONCE])

"""What workers report about a generation, applied to its row.

Each step is one conditional UPDATE on state and attempt: of two that race, one finds the row as it expects. A report of
another attempt changes nothing.
"""

import hashlib
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from hub import keys
from hub.jobs import (
    GenerationFailed,
    GenerationHandedBack,
    GenerationHeartbeat,
    GenerationStarted,
    GenerationSucceeded,
)
from hub.object_store import ObjectMissingError, object_store
from hub.settings.site import site_config
from marketplace.catalogue.models import Example
from marketplace.generation import dispatch, previews, settlement
from marketplace.generation.announcements import announce_failed, announce_succeeded
from marketplace.generation.failures import IMAGE_DAMAGED
from marketplace.generation.models import Generation

log = structlog.get_logger(__name__)

State = Generation.State
OPEN = (State.QUEUED, State.RUNNING)
ALWAYS = Q()
NOT_BEGUN: dict[str, Any] = {
    "state": State.QUEUED,
    "worker": "",
    "step": 0,
    "started_at": None,
    "lease_until": None,
    "sent_at": None,
    "times_sent": 0,
}
Report = GenerationStarted | GenerationHeartbeat | GenerationSucceeded | GenerationFailed | GenerationHandedBack


def started(message: GenerationStarted) -> None:
    """Grant a lease, or tell the worker to stop: the job was taken by another, or is over."""
    with bound_contextvars(generation=str(message.id)):
        if _lease(message, step=0):
            log.info("generation.started", attempt=message.attempt, worker=message.worker)


def heartbeat(message: GenerationHeartbeat) -> None:
    """Renew the lease, move the progress bar and keep the preview."""
    with bound_contextvars(generation=str(message.id)):
        if _lease(message, step=message.step):
            previews.keep(message)


def succeeded(message: GenerationSucceeded) -> None:
    """Verify the stored image, then deliver it and pay for it in one transaction.

    Raises what the object store raises when it can't be reached: the caller may try again.
    """
    with bound_contextvars(generation=str(message.id)):
        generation = _open(message).first()
        if generation is None:
            log.info("generation.report_dropped", report="succeeded", attempt=message.attempt)
        elif problem := _problem(generation, message):
            log.error("generation.image_refused", problem=problem, attempt=message.attempt, worker=message.worker)
            try_again_or_fail(generation, code="image_damaged", message=IMAGE_DAMAGED)
        else:
            _deliver(generation, message)


def failed(message: GenerationFailed) -> None:
    """Queue another attempt if that could help and is left, else return the buyer's credit."""
    with bound_contextvars(generation=str(message.id)):
        generation = _open(message).first()
        if generation is None:
            log.info("generation.report_dropped", report="failed", attempt=message.attempt)
            return
        log.warning("generation.attempt_failed", code=message.code, reason=message.message, worker=message.worker)
        end = try_again_or_fail if message.retryable else give_up
        end(generation, code=message.code, message=_reason(generation, message))


def handed_back(message: GenerationHandedBack) -> None:
    """Send it to another worker at once, as the same attempt: this one stops, and never began."""
    with bound_contextvars(generation=str(message.id)), transaction.atomic():
        waits = Q(state=State.QUEUED) | Q(state=State.RUNNING, worker=message.worker[:120])
        if _current(message).filter(waits).update(**NOT_BEGUN):
            log.info("generation.handed_back", attempt=message.attempt, worker=message.worker)
            transaction.on_commit(partial(dispatch.send, message.id))


def try_again_or_fail(generation: Generation, *, code: str, message: str, only: Q = ALWAYS) -> None:
    """End this attempt, if it is still the current one and the row is as `only` says."""
    if generation.attempt >= site_config().max_attempts:
        give_up(generation, code=code, message=message, only=only)
        return
    with transaction.atomic():
        moved = _same(generation).filter(only).update(attempt=generation.attempt + 1, **NOT_BEGUN)
        if moved:
            log.info("generation.requeued", attempt=generation.attempt + 1, code=code)
            transaction.on_commit(partial(dispatch.send, generation.pk))


def give_up(generation: Generation, *, code: str, message: str, only: Q = ALWAYS) -> None:
    """No image: the hold returns to the buyer."""
    with transaction.atomic():
        ended = (
            _same(generation)
            .filter(only)
            .update(
                state=State.FAILED,
                failure_code=code[:60],
                failure_message=message,
                finished_at=timezone.now(),
                lease_until=None,
            )
        )
        if ended:
            settlement.release(generation)
            announce_failed(generation, code=code[:60])
            log.warning("generation.failed", code=code, attempt=generation.attempt)


def _reason(generation: Generation, message: GenerationFailed) -> str:
    """The worker's sentence, after the name of the style that it is about."""
    uses = generation.adapters.filter(version__pack__sha256=message.pack).select_related("version__style")
    use = uses.first() if message.pack else None
    return f"{use.version}: {message.message}" if use else message.message


def _deliver(generation: Generation, message: GenerationSucceeded) -> None:
    with transaction.atomic():
        delivered = _same(generation).update(
            state=State.SUCCEEDED,
            worker=message.worker[:120],
            step=generation.steps,
            seconds=message.seconds,
            device_seconds=message.device_seconds,
            energy_joules=message.energy_joules,
            finished_at=timezone.now(),
            lease_until=None,
            image_key=keys.output(generation.pk, generation.attempt),
            image_sha256=message.sha256,
            image_size=message.size,
            image_media_type=message.media_type,
        )
        if not delivered:
            log.info("generation.report_dropped", report="succeeded", attempt=message.attempt)
            return
        settlement.capture(generation)
        _show_as_example(generation, message.sha256)
        announce_succeeded(generation, sha256=message.sha256, media_type=message.media_type)
        log.info("generation.settled", attempt=message.attempt, price_micro=generation.price_micro)


def _show_as_example(generation: Generation, sha256: str) -> None:
    if generation.example_id is not None:
        Example.objects.filter(pk=generation.example_id).update(
            image_key=keys.output(generation.pk, generation.attempt), image_sha256=sha256
        )


def _problem(generation: Generation, message: GenerationSucceeded) -> str:
    """What is wrong with a delivered image; "" if nothing is."""
    asked = (generation.width, generation.height, generation.seed)
    if (message.width, message.height, message.seed) != asked:
        return "not what was ordered"
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in object_store().stream(keys.output(generation.pk, generation.attempt)):
            digest.update(chunk)
            size += len(chunk)
    except ObjectMissingError:
        return "not stored"
    return "" if (digest.hexdigest(), size) == (message.sha256, message.size) else "not what the worker made"


def _lease(message: GenerationStarted | GenerationHeartbeat, *, step: int) -> bool:
    """Give the job to this worker for a while, unless another holds a live lease; then tell this one to stop."""
    now = timezone.now()
    worker = message.worker[:120]
    free = Q(state=State.QUEUED) | Q(state=State.RUNNING, lease_until__lt=now)
    mine = Q(state=State.RUNNING, worker=worker)
    fields = {"state": State.RUNNING, "worker": worker, "lease_until": now + _lease_time()}
    if _current(message).filter(mine).update(**fields, step=Greatest("step", step)):
        return True
    if _current(message).filter(free).update(**fields, step=step, started_at=now):
        return True
    if not _current(message).filter(worker=worker, state=State.SUCCEEDED).exists():
        log.info("generation.worker_told_to_stop", attempt=message.attempt, worker=message.worker)
        dispatch.send_cancel(message.id, message.attempt, message.worker)
    return False


def _lease_time() -> timedelta:
    return timedelta(seconds=site_config().lease_seconds)


def _current(message: Report) -> QuerySet[Generation]:
    return Generation.objects.filter(pk=message.id, attempt=message.attempt)


def _open(message: Report) -> QuerySet[Generation]:
    return _current(message).filter(state__in=OPEN)


def _same(generation: Generation) -> QuerySet[Generation]:
    """The row, if nothing has ended or moved on this attempt since it was read."""
    return Generation.objects.filter(pk=generation.pk, attempt=generation.attempt, state__in=OPEN)

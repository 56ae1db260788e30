"""What the site worker does when a worker or the clock calls: read the message, call the service."""

from collections.abc import Iterable
from typing import Any, TypeVar

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from celery import shared_task
from django.db import OperationalError
from django.utils import timezone
from pydantic import ValidationError

from hub import jobs
from marketplace.catalogue.models import Example
from marketplace.errors import Refusal
from marketplace.generation import services
from marketplace.generation.bulk import PACE_TASK
from marketplace.generation.pacing import pace
from marketplace.generation.selectors import examples_never_asked_for, examples_not_drawn

log = structlog.get_logger(__name__)
M = TypeVar("M", bound=jobs.Message)

# The store or the database may be away for a moment; the worker's lease lasts longer than these tries.
AWAY = (OperationalError, BotoCoreError, ClientError)
TRIES = 4


@shared_task(
    name=jobs.GENERATION_STARTED_TASK, queue=jobs.SITE_QUEUE, autoretry_for=AWAY, max_retries=TRIES, retry_backoff=True
)
def started(payload: dict[str, Any]) -> None:
    if message := _read(jobs.GenerationStarted, payload):
        services.started(message)


@shared_task(name=jobs.GENERATION_HEARTBEAT_TASK, queue=jobs.SITE_QUEUE)
def heartbeat(payload: dict[str, Any]) -> None:
    if message := _read(jobs.GenerationHeartbeat, payload):
        services.heartbeat(message)


@shared_task(
    name=jobs.GENERATION_SUCCEEDED_TASK,
    queue=jobs.SITE_QUEUE,
    autoretry_for=AWAY,
    max_retries=TRIES,
    retry_backoff=True,
)
def succeeded(payload: dict[str, Any]) -> None:
    if message := _read(jobs.GenerationSucceeded, payload):
        services.succeeded(message)


@shared_task(
    name=jobs.GENERATION_FAILED_TASK, queue=jobs.SITE_QUEUE, autoretry_for=AWAY, max_retries=TRIES, retry_backoff=True
)
def failed(payload: dict[str, Any]) -> None:
    if message := _read(jobs.GenerationFailed, payload):
        services.failed(message)


@shared_task(
    name=jobs.GENERATION_HANDED_BACK_TASK,
    queue=jobs.SITE_QUEUE,
    autoretry_for=AWAY,
    max_retries=TRIES,
    retry_backoff=True,
)
def handed_back(payload: dict[str, Any]) -> None:
    if message := _read(jobs.GenerationHandedBack, payload):
        services.handed_back(message)


@shared_task(
    name=jobs.WORKER_STARTED_TASK, queue=jobs.SITE_QUEUE, autoretry_for=AWAY, max_retries=TRIES, retry_backoff=True
)
def worker_started(payload: dict[str, Any]) -> None:
    if message := _read(jobs.WorkerStarted, payload):
        services.worker_started(message)


@shared_task(name="generation.reap", queue=jobs.SITE_QUEUE)
def reap() -> None:
    services.reap(now=timezone.now())


@shared_task(name=PACE_TASK, queue=jobs.SITE_QUEUE)
def send_what_has_its_turn() -> None:
    pace()


@shared_task(
    name="generation.request_examples", queue=jobs.SITE_QUEUE, autoretry_for=AWAY, max_retries=TRIES, retry_backoff=True
)
def request_examples(version_id: int) -> None:
    _request(examples_not_drawn(version_id))


@shared_task(name="generation.request_missing_examples", queue=jobs.SITE_QUEUE)
def request_missing_examples() -> None:
    """For bases, and for versions whose request was lost with the broker when they were published."""
    _request(examples_never_asked_for(timezone.now()))


def _request(examples: Iterable[Example]) -> None:
    for example in examples:
        try:
            services.request_example(example=example)
        except Refusal as refusal:
            # What it shows stays on offer without this picture.
            log.warning("generation.example_refused", example=str(example), code=refusal.code, reason=refusal.message)


def _read(message_type: type[M], payload: dict[str, Any]) -> M | None:
    """The message, or None for one that no later try could read either."""
    try:
        return message_type.model_validate(payload)
    except ValidationError as error:
        log.error("generation.message_unreadable", message=message_type.__name__, reason=str(error))
        return None

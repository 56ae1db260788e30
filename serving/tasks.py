"""The tasks and remote commands of the serving tier; each only hands its message on."""

from typing import Any
from uuid import UUID

import structlog
from celery.exceptions import Reject
from celery.worker.control import control_command, inspect_command
from pydantic import ValidationError
from structlog.contextvars import bound_contextvars

from hub.jobs import (
    CANCEL_COMMAND,
    CONVERT_TASK,
    EXTRACT_TASK,
    FINGERPRINT_COMMAND,
    GENERATE_TASK,
    ConvertJob,
    ExtractJob,
)
from serving.celery import app, current_worker
from serving.worker import ServingWorker

log = structlog.get_logger(__name__)


def _ready_worker() -> ServingWorker:
    """Hands the message back to the queue where this worker is stopping."""
    worker = current_worker()
    if worker.draining:
        raise Reject("This worker is stopping.", requeue=True)
    return worker


@app.task(name=GENERATE_TASK)
def generate(message: dict[str, Any]) -> None:
    _ready_worker().generator.run(message)


@app.task(name=CONVERT_TASK)
def convert(message: dict[str, Any]) -> None:
    worker = _ready_worker()
    try:
        job = ConvertJob.model_validate(message)
    except ValidationError as error:
        log.error("convert.bad_message", errors=error.errors(include_input=False, include_url=False))
        return
    with bound_contextvars(upload=str(job.upload_id), attempt=job.attempt):
        try:
            worker.send(worker.converter.convert(job))
        except Exception:
            # The boundary to formats and engines. No answer: the site asks again, and gives up after its attempts.
            log.exception("convert.failed")


@app.task(name=EXTRACT_TASK)
def extract(message: dict[str, Any]) -> None:
    worker = _ready_worker()
    try:
        job = ExtractJob.model_validate(message)
    except ValidationError as error:
        log.error("extract.bad_message", errors=error.errors(include_input=False, include_url=False))
        return
    with bound_contextvars(upload=str(job.upload_id), attempt=job.attempt):
        try:
            worker.send(worker.extractor.extract(job))
        except Exception:
            # As above.
            log.exception("extract.failed")


@control_command(name=CANCEL_COMMAND, args=[("id", str)])
def cancel_generation(state: Any, id: str, attempt: int | None = None, **_: Any) -> dict[str, Any]:  # noqa: A002, ARG001 - Celery passes the message's names
    """Stop a generation between two steps; answers how many runs were stopped."""
    return {"ok": current_worker().jobs.cancel(UUID(id), attempt)}


@inspect_command(name=FINGERPRINT_COMMAND)
def base_fingerprint(state: Any, **_: Any) -> dict[str, str]:  # noqa: ARG001 - as above
    """The SHA-256 of each live base, read between steps."""
    return current_worker().fingerprints()

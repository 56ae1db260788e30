"""Sends jobs and cancellations to workers. The row is the truth: a message that is not sent is sent later."""

from typing import Any
from uuid import UUID

import structlog
from django.db.models import Prefetch
from kombu.exceptions import OperationalError

from hub import keys
from hub.celery import app
from hub.jobs import CANCEL_COMMAND, GENERATE_TASK, WORKER_MARK, AdapterUse, GenerateJob, generate_queue
from marketplace.generation.models import Generation, GenerationAdapter
from marketplace.generation.pictures import source_of
from marketplace.generation.statements import note_not_sent, note_sent

log = structlog.get_logger(__name__)


def send(generation_id: UUID) -> bool:
    """Publish the current attempt if it still waits for a worker. False if the broker can't be reached."""
    with_styles = Prefetch("adapters", GenerationAdapter.objects.select_related("version__pack").order_by("pk"))
    known = Generation.objects.select_related("base_model", "buyer").prefetch_related(with_styles)
    generation = known.get(pk=generation_id)
    if generation.state != Generation.State.QUEUED:
        return True
    if sent := _publish(generation):
        note_sent(generation)
    return sent


def send_new(generation: Generation) -> None:
    """The same for one that was saved as sent in this moment, from what is at hand of it."""
    if not _publish(generation):
        note_not_sent(generation)


def _publish(generation: Generation) -> bool:
    job = job_of(generation)
    try:
        app.send_task(
            GENERATE_TASK,
            args=[job.model_dump(mode="json")],
            # Otherwise Celery writes the job into the message a second time, for people to read.
            argsrepr=str(job.id),
            queue=generate_queue(job.engine),
            # Once more at once: a pooled connection may be older than the broker.
            retry=True,
            retry_policy={"max_retries": 1, "interval_start": 0},
        )
    except OperationalError as error:
        log.warning("generation.not_sent", generation=str(generation.pk), reason=str(error))
        return False
    log.info("generation.sent", generation=str(generation.pk), attempt=generation.attempt, engine=job.engine)
    return True


def send_cancel(generation_id: UUID, attempt: int, worker: str = "") -> None:
    """Tell one worker, or all that draw where none is named, to stop this attempt."""
    connection = app.connection_for_write()
    away: tuple[type[BaseException], ...] = (OperationalError, *connection.connection_errors)
    try:
        with connection:
            app.control.broadcast(
                CANCEL_COMMAND,
                arguments={"id": str(generation_id), "attempt": attempt},
                **_to_whom(worker),
                connection=connection,
            )
    except away as error:
        # It will be told when it next reports.
        log.warning("generation.cancel_not_sent", generation=str(generation_id), reason=str(error))


def _to_whom(worker: str) -> dict[str, Any]:
    """Site workers know no such command and would log a traceback."""
    if worker:
        return {"destination": [worker.partition(WORKER_MARK)[0]]}
    return {"pattern": "generate@*", "matcher": "glob"}  # the names that hub.workers gives


def job_of(generation: Generation) -> GenerateJob:
    return GenerateJob(
        id=generation.pk,
        attempt=generation.attempt,
        engine=generation.base_model.engine,
        base_model=generation.base_model.slug,
        prompt=generation.prompt,
        negative_prompt=generation.negative_prompt,
        width=generation.width,
        height=generation.height,
        steps=generation.steps,
        guidance_scale=generation.guidance_scale,
        seed=generation.seed,
        scheduler=generation.scheduler,
        adapters=tuple(_adapter_uses(generation)),
        output_key=keys.output(generation.pk, generation.attempt),
        source=source_of(generation),
        refiner_start=generation.refiner_start,
    )


def _adapter_uses(generation: Generation) -> list[AdapterUse]:
    return [
        AdapterUse.model_validate(
            {
                "pack_sha256": use.version.pack.sha256,
                "pack_key": use.version.pack.key,
                "kind": use.version.pack.kind,
                "weight": use.weight,
            }
        )
        for use in generation.adapters.all()
    ]

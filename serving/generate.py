"""Runs one generation, from its message to the message that says how it ended."""

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError
from structlog.contextvars import bound_contextvars

from hub.jobs import (
    GenerateJob,
    GenerationFailed,
    GenerationHandedBack,
    GenerationStarted,
    GenerationSucceeded,
    Message,
)
from hub.object_store import ObjectMissingError, ObjectStore
from hub.plugin_api import Generation, JobRefusedError
from serving.adapters.cache import CorruptPackError, PackCache
from serving.adapters.checksums import DamagedPackError, UnreadablePackError
from serving.engine.loop import EngineLoop
from serving.engine.ticket import CancelledError, DeadlineError, HandedBackError, Ticket
from serving.in_hand import AlreadyTakenError, JobsInHand
from serving.pictures import with_pictures
from serving.reporting import Heartbeat, Send

log = structlog.get_logger(__name__)

STORAGE_ERRORS = (BotoCoreError, ClientError, ObjectMissingError)
UNREADABLE_STYLE = "This hub can't read the style's file. You were not charged; choose another style."
DAMAGED_STYLE = "The style's file is damaged. You were not charged; try again, or choose another style."
# The loop ends a job at its deadline; one that is late by this much more hangs inside a step.
HANGING_SECONDS = 60.0


class Generator:
    """What a generate task needs; one per worker process."""

    def __init__(
        self,
        *,
        loop: EngineLoop,
        cache: PackCache,
        store: ObjectStore,
        jobs: JobsInHand,
        send: Send,
        worker: str,
        preview_every: int = 0,
    ) -> None:
        self.loop, self.cache, self.store, self.send, self.worker = loop, cache, store, send, worker
        self.jobs, self.preview_every = jobs, preview_every

    def run(self, message: Mapping[str, Any]) -> None:
        """Generate, store and report. Raises nothing that another try of the same message would cure."""
        try:
            job = GenerateJob.model_validate(message)
        except ValidationError as error:
            self._refuse_message(message, error)
            return
        with bound_contextvars(generation=str(job.id), attempt=job.attempt):
            try:
                stop = self.jobs.take(job)
            except AlreadyTakenError as taken:
                log.info("generation.repeated_message")
                if taken.result:
                    self.send(taken.result)
                return
            ticket = Ticket(job, cancelled=stop)
            result: Message | None = None
            try:
                result = self._result(ticket)
            finally:
                self.jobs.end(job, result)
            if result:
                self.send(result)

    def _result(self, ticket: Ticket) -> Message | None:
        """How the job ended, or None if the site no longer wants to know."""
        job = ticket.job
        log.info("generation.started", engine=job.engine, steps=job.steps, adapters=len(job.adapters))
        self.send(GenerationStarted(id=job.id, attempt=job.attempt, worker=self.worker))
        try:
            result = self._image_stored(ticket)
        except CancelledError:
            log.info("generation.cancelled")
            return None
        except HandedBackError:
            log.info("generation.handed_back")
            return GenerationHandedBack(id=job.id, attempt=job.attempt, worker=self.worker)
        except JobRefusedError as error:
            log.info("generation.refused", code=error.code)
            return self._failed(job, error.code, error.message, retryable=False)
        except DeadlineError:
            log.warning("generation.deadline")
            return self._failed(job, "deadline", "The image took too long. Try fewer steps or a smaller size.")
        except UnreadablePackError as error:
            log.exception("generation.unreadable_style")
            return self._failed(job, "unreadable_style", UNREADABLE_STYLE, retryable=False, pack=error.pack)
        except (DamagedPackError, CorruptPackError) as error:
            log.exception("generation.damaged_style")
            return self._failed(job, "storage_error", DAMAGED_STYLE, pack=error.pack)
        except STORAGE_ERRORS:
            log.exception("generation.storage_error")
            return self._failed(job, "storage_error", "The style or the image could not be moved. Please try again.")
        except Exception:
            # The boundary to engine plugins: whatever one raises fails its job and no other.
            log.exception("generation.engine_error")
            return self._failed(job, "engine_error", "The image could not be made. Please try again.")
        log.info("generation.succeeded", sha256=result.sha256, seconds=result.seconds)
        return result

    def _image_stored(self, ticket: Ticket) -> GenerationSucceeded:
        job, started = ticket.job, time.monotonic()
        ticket.job = with_pictures(job, self.store)
        with Heartbeat(job, self.worker, self.send, self.preview_every) as heartbeat:
            ticket.on_step, ticket.on_preview = heartbeat.on_step, heartbeat.on_preview
            ticket.wants_preview = heartbeat.wants_preview
            generation = self._image(ticket)
            sha256 = self.store.put(job.output_key, generation.content, generation.media_type)
        return GenerationSucceeded(
            id=job.id,
            attempt=job.attempt,
            worker=self.worker,
            sha256=sha256,
            size=len(generation.content),
            media_type=generation.media_type,
            width=job.width,
            height=job.height,
            seed=generation.seed,
            seconds=round(time.monotonic() - started, 3),
            device_seconds=generation.device_seconds,
            energy_joules=generation.energy_joules,
        )

    def _image(self, ticket: Ticket) -> Generation:
        try:
            return self._image_once(ticket)
        except DamagedPackError as damaged:
            log.warning("pack.damaged", pack=damaged.pack)
            self.cache.doubt(damaged.pack)
        return self._image_once(replace(ticket, future=Future()))

    def _image_once(self, ticket: Ticket) -> Generation:
        with self.cache.hold(ticket.job.adapters) as packs:
            ticket.packs = packs
            return self._wait(self.loop.submit(ticket))

    def _wait(self, future: "Future[Generation]") -> Generation:
        try:
            return future.result(timeout=self.loop.deadline_seconds + HANGING_SECONDS)
        except TimeoutError as error:
            log.critical("engine.hangs")
            raise DeadlineError from error

    def _failed(
        self, job: GenerateJob, code: str, message: str, *, retryable: bool = True, pack: str = ""
    ) -> GenerationFailed:
        return GenerationFailed(
            id=job.id,
            attempt=job.attempt,
            worker=self.worker,
            code=code,
            message=message,
            retryable=retryable,
            pack=pack,
        )

    def _refuse_message(self, message: Mapping[str, Any], error: ValidationError) -> None:
        """Answer a message of another version or a broken one, where it at least says which job it is."""
        log.error("generation.bad_message", errors=error.errors(include_input=False, include_url=False))
        fields = {name: message.get(name) for name in ("id", "attempt")}
        sentence = "This request can't be read by the worker. Please report it."
        try:
            failed = GenerationFailed.model_validate(
                {**fields, "worker": self.worker, "code": "bad_message", "message": sentence, "retryable": False}
            )
        except ValidationError:
            return
        self.send(failed)

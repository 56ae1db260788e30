"""Tells the site what happens to its jobs, by task name."""

import time
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from hub import jobs
from hub.jobs import GenerateJob, GenerationHeartbeat, Message
from hub.plugin_api import Preview
from serving.previews import encoded

log = structlog.get_logger(__name__)

TASKS: dict[type[Message], str] = {
    jobs.GenerationStarted: jobs.GENERATION_STARTED_TASK,
    jobs.GenerationHeartbeat: jobs.GENERATION_HEARTBEAT_TASK,
    jobs.GenerationSucceeded: jobs.GENERATION_SUCCEEDED_TASK,
    jobs.GenerationFailed: jobs.GENERATION_FAILED_TASK,
    jobs.GenerationHandedBack: jobs.GENERATION_HANDED_BACK_TASK,
    jobs.WorkerStarted: jobs.WORKER_STARTED_TASK,
    jobs.Converted: jobs.CONVERTED_TASK,
    jobs.ConvertRefused: jobs.CONVERT_REFUSED_TASK,
    jobs.Extracted: jobs.EXTRACTED_TASK,
}
Send = Callable[[Message], None]
# The site grants a lease of 30 s; a message lost now and then must not cost it.
BEAT_SECONDS = 5.0
PROGRESS_SECONDS = 0.5


def sender(app: Celery) -> Send:
    """Sends each message to the task that takes it. A lost one is no loss of money: the site's reaper retries the job."""

    def send(message: Message) -> None:
        try:
            app.send_task(TASKS[type(message)], args=[message.model_dump(mode="json")], queue=jobs.SITE_QUEUE)
        except OperationalError:
            log.exception("report.lost", report=type(message).__name__)

    return send


class Heartbeat:
    """While the block runs, sends a heartbeat at every progress, at most twice a second, and at least every 5 s.

    A preview goes with it each `preview_every` steps; 0 for none. The loop makes none that could not be sent.
    """

    def __init__(self, job: GenerateJob, worker: str, send: Send, preview_every: int = 0) -> None:
        self._job, self._worker, self._send, self._every = job, worker, send, preview_every
        self._step = self._previewed = 0
        self._preview: Preview | None = None
        self._ended = Event()
        self._thread = Thread(target=self._beat, name=f"heartbeat-{job.id}", daemon=True)

    def on_step(self, step: int) -> None:
        self._step = step

    def wants_preview(self, step: int) -> bool:
        """Has a chosen step been passed since the last one, and was that sent?"""
        return bool(self._every) and self._preview is None and step // self._every > self._previewed // self._every

    def on_preview(self, preview: Preview) -> None:
        self._preview, self._previewed = preview, self._step

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Joined, so that no heartbeat follows the result.
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        sent_step, sent_at = 0, time.monotonic()
        while not self._ended.wait(PROGRESS_SECONDS):
            step, now = self._step, time.monotonic()
            if step != sent_step or now - sent_at >= BEAT_SECONDS:
                self._send(self._message(step))
                sent_step, sent_at = step, now

    def _message(self, step: int) -> GenerationHeartbeat:
        job, preview = self._job, self._taken_preview()
        return GenerationHeartbeat(
            id=job.id, attempt=job.attempt, worker=self._worker, step=step, steps=job.steps, preview=preview
        )

    def _taken_preview(self) -> str:
        """ "" where there is none. Encoded here, so that the engine's thread need not."""
        preview, self._preview = self._preview, None
        try:
            return encoded(preview) if preview else ""
        except ValueError:
            # An engine plugin's mistake must not end the heartbeats, and with them the lease.
            log.exception("preview.unreadable")
            return ""

"""The site's end of the broker, for tests of serving workers: sends what it would send, reads what it would get."""

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from celery import Celery
from kombu import Queue

from hub import jobs
from hub.jobs import Message

WAIT_SECONDS = 60.0


@dataclass
class SiteSide:
    """Sends jobs and reads what comes back on the site's queue."""

    app: Celery
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def send(self, task: str, message: Message | dict[str, Any], queue: str) -> None:
        content = message.model_dump(mode="json") if isinstance(message, Message) else message
        self.app.send_task(task, args=[content], queue=queue)

    def wait_for(self, task: str, seconds: float = WAIT_SECONDS, **fields: Any) -> dict[str, Any]:
        """The first message of this task with these fields."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, content in self.received:
                if name == task and fields.items() <= content.items():
                    return content
            self._receive()
        raise AssertionError(f"no {task} with {fields} among {self.received}")

    def names_of(self, job_id: UUID) -> list[str]:
        return [name for name, content in self.received if content.get("id") == str(job_id)]

    @classmethod
    def at(cls, broker: str) -> "SiteSide":
        """On an empty queue of the site."""
        app = Celery("site-side-of-a-test", broker=broker)
        with app.connection_for_write() as connection:
            Queue(jobs.SITE_QUEUE)(connection.channel()).declare()
            Queue(jobs.SITE_QUEUE)(connection.channel()).purge()
        return cls(app)

    def _receive(self) -> None:
        with self.app.connection_for_read() as connection:
            queue = Queue(jobs.SITE_QUEUE)(connection.channel())
            while message := queue.get(no_ack=True):
                self.received.append((message.headers["task"], message.payload[0][0]))
        time.sleep(0.05)

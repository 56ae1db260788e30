"""Which jobs this process runs or has just ended: a message that comes twice must not make two images."""

from collections import OrderedDict
from threading import Event, Lock
from uuid import UUID

from hub.jobs import GenerateJob, Message

REMEMBERED = 256
Key = tuple[UUID, int]


class AlreadyTakenError(Exception):
    """This attempt of this job runs here or has ended here; `result` is how it ended."""

    def __init__(self, result: Message | None) -> None:
        super().__init__("This attempt was taken before.")
        self.result = result


class JobsInHand:
    """Keyed by job and attempt. Safe to use from every thread."""

    def __init__(self) -> None:
        self._running: dict[Key, Event] = {}
        self._ended: OrderedDict[Key, Message | None] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """Jobs that were taken and have not ended."""
        return len(self._running)

    def take(self, job: GenerateJob) -> Event:
        """Begin a job; the event is set when it is to stop. Raises AlreadyTakenError."""
        key = (job.id, job.attempt)
        with self._lock:
            if key in self._running or key in self._ended:
                raise AlreadyTakenError(self._ended.get(key))
            self._running[key] = Event()
            return self._running[key]

    def end(self, job: GenerateJob, result: Message | None) -> None:
        """The job ended with this result, or was cancelled."""
        key = (job.id, job.attempt)
        with self._lock:
            self._running.pop(key, None)
            self._ended[key] = result
            while len(self._ended) > REMEMBERED:
                self._ended.popitem(last=False)

    def cancel(self, job_id: UUID, attempt: int | None = None) -> int:
        """Stop this job, or only one attempt of it; returns how many runs were told to stop."""
        with self._lock:
            told = [
                stop for (id_, number), stop in self._running.items() if id_ == job_id and attempt in (None, number)
            ]
        for stop in told:
            stop.set()
        return len(told)

"""The steps of an upload: parts go straight to the store, each to an address that the hub gives out for it.

A part that is lost is sent again to a fresh address. What has arrived is written down after each part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import UUID

from irodori_client import endpoints as at
from irodori_client.calls import Asked, Calls
from irodori_client.effects import Answer, FilePart, LostError, Request, Run, Send, Sleep, Steps
from irodori_client.errors import (
    CancelledError,
    ConflictError,
    FailedError,
    InvalidInputError,
    NotFoundError,
    UnreachableError,
    UsageError,
)
from irodori_client.journal import Arrived, Journal
from irodori_client.models import NewUpload, SentPart, SentParts, Upload
from irodori_client.waiting import until_final

Progress = Callable[[int, int], object]


def send_file(calls: Calls, path: Path, base_model: str, progress: Progress) -> Steps[Upload]:
    """Send what of the file the hub has not got yet; it is then being checked. An interrupted one goes on the next time."""
    size, journal = cast("tuple[int, Journal]", (yield Run(lambda: _looked_at(path, base_model))))
    upload, arrived = yield from _begun(calls, path, size, base_model, journal)
    for number in range(1, upload.part_count + 1):
        if number not in arrived.etags:
            arrived.etags[number] = yield from _part(calls, _Part(path, upload, number, progress))
            yield Run(lambda: journal.write(arrived))
        progress(min(number * upload.part_size, size), size)
    parts = tuple(SentPart(number=number, etag=etag) for number, etag in sorted(arrived.etags.items()))
    try:
        sent = yield from calls.call(at.COMPLETE, Asked(names={"id": upload.id}, body=SentParts(parts=parts)))
    except (InvalidInputError, ConflictError, NotFoundError):
        yield Run(journal.forget)  # The store knows these parts no more: from the start, the next time.
        raise
    yield Run(journal.forget)
    return sent


def settled(calls: Calls, id: UUID | str, tell: Callable[[Upload], object], timeout: float) -> Steps[Upload]:  # noqa: A002 - the name in the address
    """The upload, ready. Raises FailedError with the reason if it was refused."""
    upload = yield from until_final(lambda: calls.call(at.UPLOAD, Asked(names={"id": id})), tell, timeout)
    if upload.refusal:
        raise FailedError(upload.refusal.message, code=upload.refusal.code)
    if upload.state == "aborted":
        raise CancelledError("The upload was cancelled.", code="aborted")
    return upload


def _looked_at(path: Path, base_model: str) -> tuple[int, Journal]:
    try:
        return path.stat().st_size, Journal(path, base_model)
    except OSError as error:
        raise UsageError(f"{path} can't be read ({error.strerror}).") from error


def _begun(calls: Calls, path: Path, size: int, base_model: str, journal: Journal) -> Steps[tuple[Upload, Arrived]]:
    """The upload that was interrupted, if the hub still waits for its parts, else a new one."""
    arrived = cast("Arrived | None", (yield Run(journal.read)))
    if arrived:
        try:
            upload = yield from calls.call(at.UPLOAD, Asked(names={"id": arrived.upload}))
        except NotFoundError:  # another hub's, or another person's
            pass
        else:
            if upload.state == "receiving" and upload.size == size:
                return upload, arrived
    body = NewUpload(file_name=path.name, size=size, base_model=base_model)
    upload = yield from calls.call(at.NEW_UPLOAD, Asked(body=body))
    arrived = Arrived(upload=upload.id)
    yield Run(lambda: journal.write(arrived))
    return upload, arrived


@dataclass(frozen=True)
class _Part:
    path: Path
    upload: Upload
    number: int
    progress: Progress

    def request(self, url: str) -> Request:
        first = (self.number - 1) * self.upload.part_size
        length = min(self.upload.part_size, self.upload.size - first)
        sent = 0

        def told(more: int) -> None:
            nonlocal sent
            sent += more
            self.progress(first + sent, self.upload.size)

        return Request("PUT", url, to="store", content=FilePart(self.path, first, length, told))


def _part(calls: Calls, part: _Part) -> Steps[str]:
    """The ETag that the store gave it. Raises UnreachableError."""
    why: object = None
    for attempt in range(1, calls.retries.tries + 1):
        if attempt > 1:
            yield Sleep(calls.retries.wait(attempt - 1))
        # A fresh address each time: the last one may have expired.
        address = yield from calls.call(at.PART, Asked(names={"id": part.upload.id, "number": part.number}))
        try:
            answer = cast("Answer", (yield Send(part.request(address.url))))
        except LostError as lost:
            why = lost
            continue
        if 200 <= answer.status < 300 and "etag" in answer.headers:
            return answer.headers["etag"]
        why = f"it answered {answer.status}"
    raise UnreachableError(
        f"Part {part.number} could not be sent to the hub's store ({why}). Send the file again: it goes on from there."
    )

"""The driver of `Client`."""

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx

from irodori_client.drivers.shared import (
    CHUNK_BYTES,
    Doors,
    Outcome,
    answer_of,
    became_shorter,
    headers_of,
    losses,
    partial_file,
    resume,
)
from irodori_client.effects import (
    Answer,
    Effect,
    Emit,
    FilePart,
    Items,
    Listen,
    NextLine,
    Request,
    Run,
    Send,
    Sleep,
    Steps,
)

T = TypeVar("T")


class SyncDriver:
    def __init__(self, doors: Doors[httpx.Client]) -> None:
        self._doors = doors

    def run(self, steps: Steps[T]) -> T:
        with closing(_Session(self._doors)) as session:
            try:
                effect = next(steps)
                while True:
                    effect = resume(steps, session.outcome(effect))
            except StopIteration as done:
                result: T = done.value
                return result

    def each(self, steps: Items[T]) -> Iterator[T]:
        with closing(_Session(self._doors)) as session, closing(steps):
            try:
                effect = next(steps)
                while True:
                    if isinstance(effect, Emit):
                        yield effect.item
                        effect = next(steps)
                    else:
                        effect = resume(steps, session.outcome(effect))
            except StopIteration:
                return


class _Session:
    """One run of steps, with the stream that it may have open."""

    def __init__(self, doors: Doors[httpx.Client]) -> None:
        self._doors = doors
        self._stream: httpx.Response | None = None
        self._lines: Iterator[str] = iter(())

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def outcome(self, effect: Effect) -> Outcome:
        try:
            return Outcome(self._do(effect))
        except BaseException as error:  # noqa: BLE001 - raised again in the steps, which may have to tidy up
            return Outcome(error=error)

    def _do(self, effect: Effect) -> Any:
        if isinstance(effect, Send):
            with losses():
                return self._send(effect.request, effect.into)
        if isinstance(effect, Listen):
            with losses():
                return self._listen(effect.request)
        if isinstance(effect, NextLine):
            with losses():
                return next(self._lines, None)
        if isinstance(effect, Sleep):
            time.sleep(effect.seconds)
        return effect.call() if isinstance(effect, Run) else None

    def _send(self, request: Request, into: Path | None) -> Answer:
        response = self._opened(request)
        with closing(response):
            if into is None or not response.is_success:
                response.read()
                return answer_of(response)
            _write(response, into)
            return Answer(response.status_code, response.headers)

    def _listen(self, request: Request) -> Answer:
        self.close()
        self._stream = self._opened(request)
        if not self._stream.is_success:
            self._stream.read()
            return answer_of(self._stream)
        self._lines = self._stream.iter_lines()
        return Answer(self._stream.status_code, self._stream.headers)

    def _opened(self, request: Request) -> httpx.Response:
        client = self._doors.to(request)
        content = _chunks(request.content) if isinstance(request.content, FilePart) else request.content
        built = client.build_request(
            request.method, request.url, params=request.params or None, headers=headers_of(request), content=content
        )
        return client.send(built, stream=True)


def _chunks(part: FilePart) -> Iterator[bytes]:
    left = part.length
    with part.path.open("rb") as file:
        file.seek(part.first)
        while left:
            chunk = file.read(min(CHUNK_BYTES, left))
            if not chunk:
                raise became_shorter(part)
            yield chunk
            left -= len(chunk)
            part.told(len(chunk))


def _write(response: httpx.Response, path: Path) -> None:
    new = partial_file(path)
    try:
        with new.open("wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
        new.replace(path)
    finally:
        with suppress(FileNotFoundError):
            new.unlink()

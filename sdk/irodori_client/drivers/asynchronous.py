"""The driver of `AsyncClient`, on asyncio or trio. Files are read and written in threads."""

from collections.abc import AsyncIterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread
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


class AsyncDriver:
    def __init__(self, doors: Doors[httpx.AsyncClient]) -> None:
        self._doors = doors

    async def run(self, steps: Steps[T]) -> T:
        async with aclosing(_Session(self._doors)) as session:
            try:
                effect = next(steps)
                while True:
                    effect = resume(steps, await session.outcome(effect))
            except StopIteration as done:
                result: T = done.value
                return result

    async def each(self, steps: Items[T]) -> AsyncIterator[T]:
        async with aclosing(_Session(self._doors)) as session:
            with closing(steps):
                try:
                    effect = next(steps)
                    while True:
                        if isinstance(effect, Emit):
                            yield effect.item
                            effect = next(steps)
                        else:
                            effect = resume(steps, await session.outcome(effect))
                except StopIteration:
                    return


class _Session:
    """One run of steps, with the stream that it may have open."""

    def __init__(self, doors: Doors[httpx.AsyncClient]) -> None:
        self._doors = doors
        self._stream: httpx.Response | None = None
        self._lines: AsyncIterator[str] | None = None

    async def aclose(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()

    async def outcome(self, effect: Effect) -> Outcome:
        """Being cancelled is no outcome: steps that went on to ask for something would be cancelled again."""
        try:
            return Outcome(await self._do(effect))
        except Exception as error:  # noqa: BLE001 - raised again in the steps, which may have to tidy up
            return Outcome(error=error)

    async def _do(self, effect: Effect) -> Any:
        if isinstance(effect, Send):
            with losses():
                return await self._send(effect.request, effect.into)
        if isinstance(effect, Listen):
            with losses():
                return await self._listen(effect.request)
        if isinstance(effect, NextLine) and self._lines is not None:
            with losses():
                return await anext(self._lines, None)
        if isinstance(effect, Sleep):
            await anyio.sleep(effect.seconds)
        return await anyio.to_thread.run_sync(effect.call) if isinstance(effect, Run) else None

    async def _send(self, request: Request, into: Path | None) -> Answer:
        response = await self._opened(request)
        async with aclosing(response):
            if into is None or not response.is_success:
                await response.aread()
                return answer_of(response)
            await _write(response, into)
            return Answer(response.status_code, response.headers)

    async def _listen(self, request: Request) -> Answer:
        await self.aclose()
        self._stream = await self._opened(request)
        if not self._stream.is_success:
            await self._stream.aread()
            return answer_of(self._stream)
        self._lines = self._stream.aiter_lines()
        return Answer(self._stream.status_code, self._stream.headers)

    async def _opened(self, request: Request) -> httpx.Response:
        client = self._doors.to(request)
        content = _chunks(request.content) if isinstance(request.content, FilePart) else request.content
        built = client.build_request(
            request.method, request.url, params=request.params or None, headers=headers_of(request), content=content
        )
        return await client.send(built, stream=True)


async def _chunks(part: FilePart) -> AsyncIterator[bytes]:
    left = part.length
    async with await anyio.open_file(part.path, "rb") as file:
        await file.seek(part.first)
        while left:
            chunk = await file.read(min(CHUNK_BYTES, left))
            if not chunk:
                raise became_shorter(part)
            yield chunk
            left -= len(chunk)
            part.told(len(chunk))


async def _write(response: httpx.Response, path: Path) -> None:
    new = anyio.Path(partial_file(path))
    try:
        async with await new.open("wb") as file:
            async for chunk in response.aiter_bytes():
                await file.write(chunk)
        await new.replace(path)
    finally:
        with anyio.CancelScope(shield=True):
            await new.unlink(missing_ok=True)

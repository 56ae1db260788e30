"""The body of a request as a file that a thread reads; of a large one, what nobody reads is never fetched."""

import asyncio
from io import RawIOBase
from typing import Any

from hub.web.types import Message, Receive, Scope

# A client that sends nothing for so long has gone.
PATIENCE_S = 60.0
SMALL_BYTES = 2**16


class Body(RawIOBase):
    """Reads from the event loop, in which `receive` belongs; an OSError where the client left or is silent."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._receive, self._loop = receive, loop
        self._rest, self._more = b"", True
        self._lost: OSError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and self._more:
            self._fetch()
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    async def begin(self) -> None:
        """Receive a piece, in the loop. The first is all of a small body: no thread waits for it, and none asks the loop."""
        try:
            message = await asyncio.wait_for(self._receive(), PATIENCE_S)
        except TimeoutError:
            self._lost = OSError("The client sent nothing more.")
        else:
            self._take(message)

    def _take(self, message: Message) -> None:
        if message["type"] == "http.disconnect":
            self._lost = OSError("The client left before the body was whole.")
        else:
            self._rest, self._more = message.get("body", b""), message.get("more_body", False)

    def _fetch(self) -> None:
        if not self._lost:
            asyncio.run_coroutine_threadsafe(self.begin(), self._loop).result()
        if self._lost:
            raise self._lost


def is_small(scope: Scope) -> bool:
    """Says the client that its body has no more than a piece?"""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return length.isdigit() and 0 < int(length) <= SMALL_BYTES

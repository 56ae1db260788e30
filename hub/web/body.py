"""The body of a request as a file that a thread reads; what nobody reads is never fetched."""

import asyncio
from io import RawIOBase
from typing import Any

from hub.web.types import Receive

# A client that sends nothing for so long has gone.
PATIENCE_S = 60.0


class Body(RawIOBase):
    """Reads from the event loop, in which `receive` belongs; an OSError where the client left or is silent."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._receive, self._loop = receive, loop
        self._rest, self._more = b"", True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and self._more:
            self._fetch()
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def _fetch(self) -> None:
        waiting = asyncio.run_coroutine_threadsafe(asyncio.wait_for(self._receive(), PATIENCE_S), self._loop)
        try:
            message = waiting.result()
        except TimeoutError as error:
            raise OSError("The client sent nothing more.") from error
        if message["type"] == "http.disconnect":
            self._more = False
            raise OSError("The client left before the body was whole.")
        self._rest, self._more = message.get("body", b""), message.get("more_body", False)

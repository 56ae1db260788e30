"""The site in this process as an ASGI server speaks to it: answers are read while they are still being sent."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hub.web.handler import SiteHandler
from marketplace.accounts.models import User
from marketplace.accounts.tokens import create_token

PATIENCE_S = 10.0
Message = MutableMapping[str, Any]
T = TypeVar("T")


def token_of(person: User) -> dict[str, str]:
    """The header by which a program signs in."""
    return {"authorization": f"Bearer {create_token(user=person)[1]}"}


def run(work: Coroutine[Any, Any, T]) -> T:
    """In a loop and a thread of its own: where a browser was driven before, this thread has a loop that runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@dataclass
class Answer:
    """`status` and `headers` once they are there; `pieces` are read as they come."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    _body: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    _head: asyncio.Event = field(default_factory=asyncio.Event)

    async def head(self) -> "Answer":
        await asyncio.wait_for(self._head.wait(), PATIENCE_S)
        return self

    async def pieces(self) -> AsyncIterator[bytes]:
        while (piece := await asyncio.wait_for(self._body.get(), PATIENCE_S)) is not None:
            yield piece

    async def text(self) -> str:
        return b"".join([piece async for piece in self.pieces()]).decode()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            self._head.set()
            return
        await self._body.put(message.get("body", b""))
        if not message.get("more_body"):
            await self._body.put(None)


@asynccontextmanager
async def asked(
    site: SiteHandler, path: str, headers: Mapping[str, str], *, method: str = "GET", body: bytes = b""
) -> AsyncIterator[Answer]:
    """The answer while it is made; the client goes away where the block ends."""
    answer, left = Answer(), asyncio.Event()
    # In three pieces, as a network has it.
    pieces = [body[:1], body[1:9], body[9:]]

    async def receive() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}
        await left.wait()
        return {"type": "http.disconnect"}

    length = {"content-length": str(len(body)), "content-type": "application/json"} if body else {}
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(errors="surrogateescape"),
        "headers": [(k.encode(), v.encode()) for k, v in {"host": "testserver", **length, **headers}.items()],
    }
    serving = asyncio.create_task(site(scope, receive, answer.send))
    try:
        yield answer
    finally:
        left.set()
        await asyncio.wait_for(serving, PATIENCE_S)

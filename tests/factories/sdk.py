"""The SDK's clients with the site in this very process and transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

import anyio
import httpx

from irodori_client import AsyncClient, Client, Retries
from marketplace.accounts.models import User
from marketplace.accounts.tokens import create_token
from tests.factories.site import SITE_URL, SiteTransport

T = TypeVar("T")
AT_ONCE = Retries(tries=3, first_s=0)


class NoStreams(SiteTransport):
    """The site as behind a proxy that lets only whole answers through: here they are whole before anybody reads them."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.headers["Accept"] == "text/event-stream":
            return httpx.Response(502, text="No streams here.")
        return super().handle_request(request)


class Desk:
    """The site answers in the test's thread, whose transaction the rows are in; whoever asks runs in another."""

    def __init__(self, afterwards: Callable[[], None] = lambda: None) -> None:
        self._site = NoStreams(afterwards)
        self._asked: SimpleQueue[tuple[httpx.Request, Future[httpx.Response]] | None] = SimpleQueue()

    def ask(self, request: httpx.Request) -> Future[httpx.Response]:
        answer: Future[httpx.Response] = Future()
        self._asked.put((request, answer))
        return answer

    def serve(self, program: Callable[[], T]) -> T:
        """What the program returns; its requests are answered here meanwhile."""
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(program)
            done.add_done_callback(lambda _: self._asked.put(None))
            while asked := self._asked.get():
                request, answer = asked
                answer.set_result(self._site.handle_request(request))
            return done.result()


class DeskTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Of blocking and of asynchronous clients in the program's thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._desk.ask(request).result()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return await asyncio.wrap_future(self._desk.ask(request))


def client_of(person: User | None, afterwards: Callable[[], None] = lambda: None, **changes: Any) -> Client:
    """With a token of this person's, or nobody's."""
    given: dict[str, Any] = {"transport": NoStreams(afterwards), "retries": AT_ONCE} | changes
    return Client(SITE_URL, key_of(person), **given)


def served(person: User | None, program: Callable[[AsyncClient], Awaitable[T]], **changes: Any) -> T:
    """What a program makes of an asynchronous client of this person's."""
    desk, key = Desk(changes.pop("afterwards", lambda: None)), key_of(person)
    given: dict[str, Any] = {"transport": DeskTransport(desk), "retries": AT_ONCE} | changes

    async def opened() -> T:
        async with AsyncClient(SITE_URL, key, **given) as client:
            return await program(client)

    return desk.serve(lambda: anyio.run(opened))


def key_of(person: User | None) -> str:
    return create_token(user=person)[1] if person else ""

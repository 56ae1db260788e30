"""Django behind an ASGI server: each view in a thread of a pool, as under WSGI, with that thread's database connection.

Only what comes later or in pieces over time is sent from the event loop, so that a thousand who wait hold no thread.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from contextvars import Context, copy_context
from typing import Any, TypeVar, cast

from django.core.handlers.asgi import get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import response_for_exception
from django.core.signals import request_started
from django.db import close_old_connections
from django.http import FileResponse, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from hub.web import afterwards
from hub.web.body import Body, is_small
from hub.web.later import Later, SiteRequest
from hub.web.types import Message, Receive, Scope, Send

T = TypeVar("T")
PIECE_BYTES = 2**16


class SiteHandler(BaseHandler):
    def __init__(self, threads: int) -> None:
        super().__init__()
        self.load_middleware()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="site")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"The site speaks HTTP, not {scope['type']}.")
        exchange = Exchange(self, self._pool, send)
        body = Body(receive, exchange.loop)
        if is_small(scope):
            await body.begin()
        response = await exchange.in_thread(lambda: exchange.view(scope, body))
        try:
            if isinstance(response, Later) or getattr(response, "is_async", False):
                await exchange.do_afterwards()  # what is waited for may depend on it
                await _unless_left(receive, exchange.later(response), exchange.context)
            else:
                await exchange.send_whole(response)
        finally:
            await exchange.do_afterwards()


class Exchange:
    """One request and its answer. All of it runs in one context: the language, and what log lines are bound to."""

    def __init__(self, handler: BaseHandler, pool: ThreadPoolExecutor, send: Send) -> None:
        self.loop, self.context = asyncio.get_running_loop(), copy_context()
        self._handler, self._pool, self._send = handler, pool, send
        self._put_off = self.context.run(afterwards.put_off_work)

    async def in_thread(self, work: Callable[[], T]) -> T:
        return await self.loop.run_in_executor(self._pool, self.context.run, _tidied, work)

    async def do_afterwards(self) -> None:
        if self._put_off:
            await self.in_thread(lambda: afterwards.do(self._put_off))

    def view(self, scope: Scope, body: Body) -> HttpResponseBase:
        """Runs in a thread."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=SiteHandler, scope=scope)
        try:
            request = SiteRequest(scope, body)
        except UnicodeDecodeError:
            return HttpResponseBadRequest()
        self._request, response = request, self._handler.get_response(request)
        if not isinstance(response, Later) and not getattr(response, "is_async", False):
            self._finish(response)
        return response

    async def later(self, response: HttpResponseBase) -> None:
        """What a view left to the event loop."""
        try:
            if isinstance(response, Later):
                await response.wait()
                await self.send_whole(await self.in_thread(lambda: self._made(response)))
            else:
                await self._send_pieces(cast("StreamingHttpResponse", response))
        finally:
            await self.in_thread(response.close)

    def _made(self, later: Later) -> HttpResponseBase:
        try:
            return self._finish(later.made())
        except Exception as error:  # noqa: BLE001 - Django's boundary, as around every view
            return self._finish(response_for_exception(self._request, error))

    async def send_whole(self, response: HttpResponseBase) -> None:
        if isinstance(response, HttpResponse):  # any other was sent by the thread
            await self._send(_head(response))
            await self._send({"type": "http.response.body", "body": response.content})

    async def _send_pieces(self, response: StreamingHttpResponse) -> None:
        await self._send(_head(response))
        async with aclosing(aiter(response)) as pieces:  # type: ignore[type-var]  # Django's iterator is a generator
            async for piece in pieces:
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    def _finish(self, response: HttpResponseBase) -> HttpResponseBase:
        """In this thread to the end: what a stream reads from the database belongs to its connection."""
        if isinstance(response, FileResponse):
            response.block_size = PIECE_BYTES
        try:
            if not isinstance(response, HttpResponse):
                self._send_now(_head(response))
                for piece in cast("StreamingHttpResponse", response):
                    self._send_now({"type": "http.response.body", "body": piece, "more_body": True})
                self._send_now({"type": "http.response.body", "body": b""})
        finally:
            response.close()
        return response

    def _send_now(self, message: Message) -> None:
        async def sent() -> None:
            await self._send(message)

        asyncio.run_coroutine_threadsafe(sent(), self.loop).result()


async def _unless_left(receive: Receive, work: Coroutine[Any, Any, None], context: Context) -> None:
    """Do the work, and stop in the middle of it where the client goes away."""
    task, left = asyncio.create_task(work, context=context), asyncio.create_task(_client_left(receive))
    try:
        await asyncio.wait((task, left), return_when=asyncio.FIRST_COMPLETED)
    finally:
        left.cancel()
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _tidied(work: Callable[[], T]) -> T:
    try:
        return work()
    finally:
        close_old_connections()


def _head(response: HttpResponseBase) -> Message:
    headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    cookies = [(b"Set-Cookie", morsel.OutputString().encode("ascii")) for morsel in response.cookies.values()]
    return {"type": "http.response.start", "status": response.status_code, "headers": [*headers, *cookies]}

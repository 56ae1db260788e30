"""An answer that is made once something has happened; until then it holds no thread and no connection."""

from collections.abc import Awaitable, Callable
from io import BufferedReader
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from hub.web.body import Body
from hub.web.types import Scope


class SiteRequest(ASGIRequest):
    """A request whose view may answer `Later`. Its body ends where its length says, and without a length at once."""

    def __init__(self, scope: Scope, body: Body) -> None:
        # Whoever asks for so many bytes gets them, however they arrive.
        whole = BufferedReader(body)
        super().__init__(scope, whole)
        length = self.META.get("CONTENT_LENGTH", "")
        self._stream = LimitedStream(whole, int(length) if length.isascii() and length.isdigit() else 0)  # type: ignore[assignment,arg-type]  # a file to Django
        # For who takes a body that comes in chunks, and limits it: see marketplace.api.bodies.
        self.META["wsgi.input"] = whole


class Later(HttpResponse):
    """`wait` runs in the event loop, then `make` in a thread. What middleware put on this one goes with the answer."""

    def __init__(self, wait: Callable[[], Awaitable[Any]], make: Callable[[], HttpResponseBase]) -> None:
        super().__init__()
        self.wait = wait
        self._make = make

    def made(self) -> HttpResponseBase:
        answer = self._make()
        if isinstance(answer, HttpResponse):
            self["Content-Length"] = str(len(answer.content))
        patch_vary_headers(answer, self.headers.get("Vary", "Accept").split(", "))
        for name, value in self.items():
            answer.headers.setdefault(name, value)
        answer.cookies.update(self.cookies)
        return answer


def can_wait(request: HttpRequest) -> bool:
    """False under a server that is not ours: there whoever waits does so in the view's own thread."""
    return isinstance(request, SiteRequest)

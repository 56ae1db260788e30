"""Which credential the request in hand came with, for whatever it orders to be put down to it.

It is ambient because orders come in by several APIs, and none of them has to pass it on.
"""

from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

_acting: ContextVar[int | None] = ContextVar("acting_credential", default=None)


def acting_credential() -> int | None:
    """The id of it; None for a person in a browser and for the hub itself."""
    return _acting.get()


def act_with(credential_id: int) -> None:
    _acting.set(credential_id)


class ActingMiddleware:
    """Forgets it between requests, which share a thread."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _acting.set(None)
        try:
            return self.get_response(request)
        finally:
            _acting.reset(token)

"""The site in this very process and transaction, for clients that speak HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

SITE_URL = "http://testserver"


class SiteTransport(httpx.BaseTransport):
    """Answers as the site does; `afterwards` runs when an answer is out, as a worker would."""

    def __init__(self, afterwards: Callable[[], None] = lambda: None) -> None:
        self._site = httpx.WSGITransport(get_wsgi_application())
        self._afterwards = afterwards

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with connection_kept():
            answer = self._site.handle_request(request)
            content = answer.read()
            answer.close()
        self._afterwards()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


@contextmanager
def connection_kept() -> Iterator[None]:
    """A server closes the database after each request; here it holds the test's own transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)

"""Makes one request and says what came of it; nothing that a stranger's server does is an exception for the caller."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import httpcore
import httpx

from marketplace.webhooks.addresses import is_public
from marketplace.webhooks.connecting import (
    CONNECT_S,
    Allows,
    Deadline,
    NotPublicError,
    PublicOnly,
    Resolve,
    UnknownNameError,
    resolve,
)
from marketplace.webhooks.destinations import Destination
from marketplace.webhooks.models import Attempt

TOTAL_S = 20.0
# Of an answer, what is read and kept for its owner to see.
KEPT_BYTES = 2048
KEPT_HEADERS = ("content-type", "content-length", "date", "location", "retry-after", "server")
KEPT_HEADER_LENGTH = 200
Problem = Attempt.Problem


@dataclass(frozen=True)
class Answer:
    """`status` is None where nothing was answered, and `problem` says why an answer is no success."""

    problem: Problem
    seconds: float
    address: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class Network:
    """How names become addresses, which of these are allowed, and whose certificates are believed."""

    resolve: Resolve = resolve
    allows: Allows = is_public
    tls: ssl.SSLContext | None = None


INTERNET = Network()


def post(
    destination: Destination,
    headers: Mapping[str, str],
    body: str,
    *,
    network: Network = INTERNET,
    total_s: float = TOTAL_S,
) -> Answer:
    """POST the body, within `total_s` seconds for everything together. Redirects are not followed."""
    began = time.monotonic()
    allows = (lambda _address: True) if destination.is_local else network.allows
    backend = PublicOnly(Deadline(total_s), resolve=network.resolve, allows=allows)
    try:
        status, kept, text = _exchange(destination, headers, body, backend, network.tls or _trusted())
    except Exception as error:
        if (problem := _problem_of(error)) is None:
            raise
        return Answer(problem, time.monotonic() - began, backend.address)
    return Answer(_judged(status), time.monotonic() - began, backend.address, status, kept, text)


def _exchange(
    destination: Destination, headers: Mapping[str, str], body: str, backend: PublicOnly, tls: ssl.SSLContext
) -> tuple[int, dict[str, str], str]:
    url = httpcore.URL(
        scheme=destination.scheme, host=destination.host, port=destination.port, target=destination.target
    )
    request = {"Host": destination.authority, "Content-Length": str(len(body.encode())), **headers}
    with (
        httpcore.ConnectionPool(ssl_context=tls, network_backend=backend) as pool,
        pool.stream(
            "POST",
            url,
            headers=list(request.items()),
            content=body.encode(),
            extensions={"timeout": {"connect": CONNECT_S}},
        ) as response,
    ):
        return response.status, _headers(response), _beginning(response)


def _beginning(response: httpcore.Response) -> str:
    """What is shown of the body. The status has come already, so a body that breaks off changes nothing."""
    read = b""
    try:
        for chunk in response.iter_stream():
            read += chunk
            if len(read) >= KEPT_BYTES:
                break
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        pass
    return _printable(read[:KEPT_BYTES])


def _headers(response: httpcore.Response) -> dict[str, str]:
    named = {name.decode("latin-1").lower(): value for name, value in response.headers}
    return {name: _printable(named[name][:KEPT_HEADER_LENGTH]) for name in KEPT_HEADERS if name in named}


def _printable(raw: bytes) -> str:
    """Control characters would turn the log's own lines around."""
    text = raw.decode("utf-8", errors="replace")
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _judged(status: int) -> Problem:
    if 200 <= status < 300:
        return Problem.NONE
    if status == 410:
        return Problem.GONE
    return Problem.REDIRECT if 300 <= status < 400 else Problem.STATUS


PROBLEMS: tuple[tuple[type[Exception], Problem], ...] = (
    (NotPublicError, Problem.ADDRESS),
    (UnknownNameError, Problem.NAME),
    (ssl.SSLError, Problem.TLS),
    (httpcore.TimeoutException, Problem.TIMEOUT),
    (httpcore.ProtocolError, Problem.ANSWER),
    (httpcore.NetworkError, Problem.CONNECTION),
)


def _problem_of(error: Exception) -> Problem | None:
    """httpcore says of a certificate only that it could not connect; what it met is the error's context."""
    for cause in (error.__context__, error):
        for family, problem in PROBLEMS:
            if isinstance(cause, family):
                return problem
    return None


@cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context()

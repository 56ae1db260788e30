"""What both drivers do alike."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import httpx

from irodori_client.effects import Answer, FilePart, LostError, Request
from irodori_client.errors import UsageError

CHUNK_BYTES = 2**18
Asks = TypeVar("Asks")
Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)


@dataclass(frozen=True)
class Doors(Generic[Http]):
    """Two clients, since the store must never see the key: the hub's sends it with everything."""

    hub: Http
    store: Http

    def to(self, request: Request) -> Http:
        return self.hub if request.to == "hub" else self.store


@dataclass(frozen=True)
class Outcome:
    """How an effect ended, to be told to the steps that asked for it."""

    value: Any = None
    error: BaseException | None = None


def resume(steps: Generator[Asks, Any, Any], outcome: Outcome) -> Asks:
    """The next effect. Raises StopIteration with the result at the end."""
    return steps.send(outcome.value) if outcome.error is None else steps.throw(outcome.error)


def headers_of(request: Request) -> dict[str, str]:
    """With a body's length said, it is not sent in HTTP chunks, which S3 does not take."""
    if isinstance(request.content, FilePart):
        return {**request.headers, "Content-Length": str(request.content.length)}
    return dict(request.headers)


def answer_of(response: httpx.Response) -> Answer:
    """Of a response whose body is read."""
    return Answer(response.status_code, response.headers, response.content)


@contextmanager
def losses() -> Iterator[None]:
    """What httpx raises where no whole answer came, in the core's words."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise LostError(_words(error), never_sent=True) from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise LostError(_words(error), never_sent=False) from error


def partial_file(path: Path) -> Path:
    """What arrives is written here and renamed when it is whole."""
    return path.with_name(f".{path.name}.part")


def became_shorter(part: FilePart) -> UsageError:
    return UsageError(f"{part.path.name} became shorter while it was sent. Send it again.")


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__

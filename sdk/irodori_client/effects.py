"""What the core asks of the outside world. It yields these and is sent the results, so that it never waits by itself.

A client's driver carries them out: blocking in `Client`, awaiting in `AsyncClient`. All rules (retries, parts of an
upload, waiting for an image) are written once, as generators of effects.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class FilePart:
    """Bytes of a file as a request's body; `told` hears how many of them have left."""

    path: Path
    first: int
    length: int
    told: Callable[[int], None] = lambda _sent: None


@dataclass(frozen=True)
class Request:
    """One HTTP request. The hub's carry the key; the store's addresses are signed, and it must never see the key."""

    method: str
    url: str
    to: Literal["hub", "store"] = "hub"
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | FilePart | None = None


@dataclass(frozen=True)
class Answer:
    """`content` is empty where the body went into a file."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""


class LostError(Exception):
    """No whole answer came. `never_sent` says that the hub can't have seen the request."""

    def __init__(self, message: str, *, never_sent: bool) -> None:
        super().__init__(message)
        self.never_sent = never_sent


@dataclass(frozen=True)
class Send:
    """Carry out a request; a good answer's body goes into the file `into` where one is named. Raises LostError."""

    request: Request
    into: Path | None = None


@dataclass(frozen=True)
class Listen:
    """Open a stream of server-sent events. What follows is read by NextLine. Raises LostError."""

    request: Request


@dataclass(frozen=True)
class NextLine:
    """The open stream's next line, or None at its end. Raises LostError."""


@dataclass(frozen=True)
class Sleep:
    seconds: float


@dataclass(frozen=True)
class Run:
    """A short call that may block, such as reading a file."""

    call: Callable[[], Any]


@dataclass(frozen=True)
class Emit(Generic[T]):
    """The next item of an iteration, for the caller."""

    item: T


Effect = Send | Listen | NextLine | Sleep | Run
# Any: what is sent back depends on the effect; each use says what it expects.
Steps = Generator[Effect, Any, T]
Items = Generator[Effect | Emit[T], Any, None]

"""What can be seen of a generation from outside, and what a change from one sight to the next is called."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from marketplace.generation.models import Generation

State = Generation.State
ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})
Position = tuple[int, int, int]
POSITION = re.compile(r"(\d{1,9})\.(\d)\.(\d{1,9})", re.ASCII)
RANKS = {State.QUEUED: 0, State.RUNNING: 1, State.SUCCEEDED: 2, State.FAILED: 2, State.CANCELLED: 2}


@dataclass(frozen=True)
class Sight:
    """A generation at one moment. `preview` is a small JPEG, of whoever asked for previews and where there is one."""

    id: UUID
    state: str
    attempt: int
    step: int
    steps: int
    place_in_queue: int | None = 0
    failure_code: str = ""
    failure_message: str = ""
    image_sha256: str = ""
    preview: bytes | None = None
    # Goes down as time goes by, which is no change of its own.
    eta_seconds: float | None = field(default=None, compare=False)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def position(self) -> Position:
        """Only grows: a later attempt, a later state, a later step."""
        return self.attempt, RANKS[State(self.state)], 0 if self.state == State.QUEUED else self.step


@dataclass(frozen=True)
class Happening:
    """`id` tells a reader who comes back where it was; a preview has none, since the next is another one."""

    name: str
    id: str
    data: dict[str, Any]


def events(before: Sight | None, now: Sight) -> Iterator[Happening]:
    """What happened between two sights; of the first sight, how it is."""
    if _has_just_started(before, now):
        yield _event("started", replace(now, step=0))
    if before is None or before.position < now.position or before.place_in_queue != now.place_in_queue:
        if now.state != State.RUNNING:
            yield _event(now.state, now)
        elif now.step:
            yield _event("progress", now)
    if now.preview and (before is None or before.preview != now.preview):
        picture = b64encode(now.preview).decode()
        yield Happening("preview", "", {"id": str(now.id), "step": now.step, "jpeg_base64": picture})


def position_in(event_id: str) -> Position | None:
    """None for what is no id of ours."""
    found = POSITION.fullmatch(event_id)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def is_later(position: Position | None, last: Position | None) -> bool:
    """Is this news to who has seen what stands at `last`? What has no position always is."""
    return position is None or last is None or position > last


def _has_just_started(before: Sight | None, now: Sight) -> bool:
    return now.state == State.RUNNING and (
        before is None or (before.attempt, before.state) != (now.attempt, State.RUNNING)
    )


def _event(name: str, sight: Sight) -> Happening:
    data: dict[str, Any] = {"id": str(sight.id), "state": sight.state, "attempt": sight.attempt}
    if not sight.ended:
        data |= {"step": sight.step, "steps": sight.steps, "eta_seconds": sight.eta_seconds}
    if sight.state == State.QUEUED:
        data["place_in_queue"] = sight.place_in_queue
    if sight.state == State.SUCCEEDED:
        data["image_sha256"] = sight.image_sha256
    if sight.state == State.FAILED:
        data["failure"] = {"code": sight.failure_code, "message": sight.failure_message}
    return Happening(name, ".".join(map(str, sight.position)), data)

"""All that surrounds the services, under control: the clock, the broker, the provider, the object store."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

import time_machine
from kombu.exceptions import OperationalError

from hub import keys
from hub.jobs import GenerateJob
from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.generation import bulk, dispatch, lifecycle, pacing
from marketplace.ledger import posting

START = datetime(2026, 6, 1, tzinfo=UTC)


class CrashError(Exception):
    """The process stops here: what it had not committed is gone."""


@dataclass
class Webhook:
    """What the provider will send, perhaps later, twice, or never."""

    headers: dict[str, str]
    body: bytes


@dataclass
class World:
    """`jobs` are messages to workers; whoever takes one may keep, lose or answer it twice."""

    buyers: list[User]
    creators: list[User]
    versions: list[StyleVersion]
    now: datetime = START
    jobs: list[GenerateJob] = field(default_factory=list)
    taken: list[GenerateJob] = field(default_factory=list)
    webhooks: list[Webhook] = field(default_factory=list)
    # Top-ups that buyers really paid at the provider, whatever the hub believes.
    paid: set[str] = field(default_factory=set)
    images: dict[str, bytes] = field(default_factory=dict)
    quotes: list[tuple[User, str]] = field(default_factory=list)
    broker_is_down: bool = False
    crash_after_posts: int | None = None

    def send_task(self, _name: str, args: list[Any], **_options: Any) -> None:
        """What the services take for the broker."""
        if self.broker_is_down:
            raise OperationalError
        self.jobs.append(GenerateJob.model_validate(args[0]))

    def stream(self, key: str) -> Iterator[bytes]:
        """What the services take for the object store."""
        yield self.images[key]

    def draw(self, job: GenerateJob) -> bytes:
        content = hashlib.sha256(f"{job.id}".encode()).digest()
        self.images[keys.output(job.id, job.attempt)] = content
        return content

    def travel(self, by: timedelta) -> None:
        self.now += by


@contextmanager
def surrounding(world: World) -> Iterator[None]:
    """Inside, the services meet this world instead of a broker, a store and the machine's clock."""
    with ExitStack() as stack:
        for patched in (
            patch.object(dispatch, "app", world),
            patch.object(dispatch, "send_cancel", lambda *_: None),
            patch.object(pacing, "dice", Random(7)),
            patch.object(bulk, "send_after_commit", lambda *_, **__: None),
            patch.object(lifecycle, "object_store", lambda: world),
            patch.object(posting.log, "info", _crash_when_due(world)),
        ):
            stack.enter_context(patched)
        yield


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    with time_machine.travel(moment, tick=False):
        yield


def _crash_when_due(world: World) -> Any:
    """The posting logs as its last act, inside the caller's transaction: the worst moment for a process to stop."""

    def log(*_: Any, **__: Any) -> None:
        if world.crash_after_posts is not None:
            world.crash_after_posts -= 1
            if world.crash_after_posts < 0:
                world.crash_after_posts = None
                raise CrashError

    return log

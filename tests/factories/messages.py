"""What a service sends once its rows are committed."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from hub.celery import app

Sent = tuple[str, tuple[Any, ...], str]


def messages_of(callbacks: Iterable[Callable[[], Any]]) -> list[Sent]:
    """(task, arguments, queue) of each message that the callbacks which pytest-django captured send."""
    sent: list[Sent] = []

    def note(task: str, *, args: tuple[Any, ...], queue: str, **_: object) -> None:
        sent.append((task, args, queue))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "send_task", note)
        for callback in callbacks:
            callback()
    return sent

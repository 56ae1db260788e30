"""What a service would send once its rows are committed."""

from collections.abc import Callable, Iterable
from typing import Any


def messages_of(callbacks: Iterable[Callable[[], Any]]) -> list[tuple[str, tuple[Any, ...], str]]:
    """(task, arguments, queue) of each message among the callbacks that pytest-django captured."""
    return [
        (callback.args[0], callback.keywords["args"], callback.keywords["queue"])  # type: ignore[attr-defined]  # a partial
        for callback in callbacks
    ]

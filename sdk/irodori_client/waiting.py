"""Waits for what the hub is working on, by asking again."""

import time
from collections.abc import Callable
from typing import TypeVar

from irodori_client.effects import Sleep, Steps
from irodori_client.following import POLL_SECONDS, Stateful, check_time

S = TypeVar("S", bound=Stateful)


def until_final(ask: Callable[[], Steps[S]], tell: Callable[[S], object], timeout: float) -> Steps[S]:
    """The first answer that is final; `tell` hears of each that differs from the one before. Raises TooSlowError."""
    deadline, last = time.monotonic() + timeout, None
    while True:
        answer = yield from ask()
        if answer != last:
            tell(answer)
        if answer.is_final:
            return answer
        check_time(deadline, timeout)
        last = answer
        yield Sleep(POLL_SECONDS)

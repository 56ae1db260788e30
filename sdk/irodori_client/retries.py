"""When a request is sent again, and how long after.

A request that may have had an effect is sent again only where doing it twice does it once. So a POST that costs carries
an Idempotency-Key: the second copy gets the answer to the first.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from irodori_client.effects import Answer, LostError, Request, Send, Sleep, Steps
from irodori_client.errors import UnreachableError, retry_after

IDEMPOTENCY_KEY = "Idempotency-Key"
# 429 and 503 mean that nothing was done; the other two leave it open.
_NOTHING_DONE, _UNKNOWN = {429, 503}, {502, 504}


@dataclass(frozen=True)
class Retries:
    """`tries` counts the first; waits double from `first_s`, none is longer than `longest_s`.

    A hub that asks for a longer wait than `longest_s` is not asked again: the error says how long it would be.
    """

    tries: int = 4
    first_s: float = 0.5
    longest_s: float = 30.0
    chance: Callable[[], float] = random.random

    def wait(self, attempt: int) -> float:
        """Seconds after attempt number `attempt`. Half of it is by chance, so that many clients do not return at once."""
        whole = min(self.longest_s, self.first_s * 2.0 ** (attempt - 1))
        return whole * (0.5 + self.chance() / 2)


def attempted(request: Request, retries: Retries, *, repeatable: bool, into: Path | None = None) -> Steps[Answer]:
    """The answer, be it a refusal. Raises UnreachableError when none came."""
    for attempt in range(1, retries.tries + 1):
        last = attempt == retries.tries
        try:
            answer = cast("Answer", (yield Send(request, into)))
        except LostError as lost:
            if last or not (repeatable or lost.never_sent):
                raise UnreachableError(_unreachable(request, lost, repeatable=repeatable)) from lost
            yield Sleep(retries.wait(attempt))
            continue
        wait = _asked_to_wait(answer, retries, attempt, repeatable=repeatable)
        if last or wait is None:
            return answer
        yield Sleep(wait)
    raise AssertionError("the loop returns or raises")


def _asked_to_wait(answer: Answer, retries: Retries, attempt: int, *, repeatable: bool) -> float | None:
    """Seconds until the request should be sent again, or None if it should not."""
    if answer.status not in _NOTHING_DONE and not (repeatable and answer.status in _UNKNOWN):
        return None
    asked = retry_after(answer.headers)
    if asked is None:
        return retries.wait(attempt)
    return asked if asked <= retries.longest_s else None


def _unreachable(request: Request, lost: LostError, *, repeatable: bool) -> str:
    whose = "The hub" if request.to == "hub" else "The hub's store"
    if repeatable or lost.never_sent:
        return f"{whose} does not answer ({lost}). Is it running, and the address right?"
    return f"{whose} did not answer ({lost}). It may have done what was asked: look before you send it again."

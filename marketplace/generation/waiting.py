"""Answers that wait until pictures have ended, for every API that gives such."""

import time
from collections.abc import Callable, Collection
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from hub.web.later import Later, can_wait
from marketplace.generation.lifecycle import OPEN
from marketplace.generation.models import Generation
from marketplace.generation.watching import ended

FIRST_LOOK_S, LONGEST_LOOK_S = 0.05, 0.5


def when_ended(
    request: HttpRequest, ids: Collection[UUID], seconds: float, answer: Callable[[bool], HttpResponseBase]
) -> HttpResponseBase:
    """What `answer` makes once all have ended (True) or the time is over (False).

    It runs in a thread with the language of this request, after the view; whatever it raises it has to answer itself.
    """
    if not can_wait(request):
        return answer(_ended_meanwhile(ids, seconds))
    in_time = False

    async def wait() -> None:
        nonlocal in_time
        in_time = await ended(ids, seconds)

    return Later(wait, lambda: answer(in_time))


def _ended_meanwhile(ids: Collection[UUID], seconds: float) -> bool:
    """Under a server of another kind this very thread waits."""
    deadline, wait = time.monotonic() + seconds, FIRST_LOOK_S
    while Generation.objects.filter(pk__in=ids, state__in=OPEN).exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_LOOK_S)
    return True

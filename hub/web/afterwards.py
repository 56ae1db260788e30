"""What nobody waits for: it is done once the answer is on its way to the client."""

from collections.abc import Callable
from contextvars import ContextVar

import structlog

log = structlog.get_logger(__name__)
Work = Callable[[], object]

_put_off: ContextVar[list[Work] | None] = ContextVar("put_off", default=None)


def afterwards(work: Work) -> None:
    """In a thread of the site and in the request's context; at once where nothing is being answered, as in a worker."""
    put_off = _put_off.get()
    if put_off is None:
        work()
    else:
        put_off.append(work)


def put_off_work() -> list[Work]:
    """From now on, what is to be done afterwards in this context comes into this list."""
    put_off: list[Work] = []
    _put_off.set(put_off)
    return put_off


def do(put_off: list[Work]) -> None:
    """Each, though another fails: the answer is given, so that only the log can tell of it."""
    while put_off:
        work = put_off.pop(0)
        try:
            work()
        except Exception:
            log.exception("request.afterwards_failed")

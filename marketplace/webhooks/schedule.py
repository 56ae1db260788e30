"""When a delivery that failed is tried again: the times of Standard Webhooks, spread a little. Pure."""

from datetime import timedelta

WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
# Endpoints that failed together are not asked again together.
SPREAD = 0.2
LONGEST_WISH = timedelta(hours=24)


def wait_after(tries: int, *, chance: float, retry_after: str = "") -> timedelta | None:
    """How long after this many failed tries (from 1) the next is made; None after the last.

    `chance` is from 0 to 1 and adds up to a fifth. A `Retry-After` in seconds is kept where it asks for more, up to a day.
    """
    if tries > len(WAITS):
        return None
    wait = WAITS[tries - 1] * (1 + SPREAD * chance)
    return max(wait, min(_wish(retry_after), LONGEST_WISH))


def _wish(retry_after: str) -> timedelta:
    text = retry_after.strip()
    return timedelta(seconds=int(text)) if text.isascii() and text.isdecimal() and len(text) < 9 else timedelta()

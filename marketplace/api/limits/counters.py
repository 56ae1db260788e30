"""Counts requests exactly, for all processes of the site together, in Redis; decision 22 says what holds without it."""

import time
from functools import cache
from threading import Lock

import structlog
from django.conf import settings
from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from marketplace.api.limits.shared import Count, SharedWindows

log = structlog.get_logger(__name__)

REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
# No request waits longer for the counters, and after a failure none asks for them for a while.
PATIENCE_S = 0.5
PAUSE_S = 5.0


class Counters:
    """Moving windows: in any stretch of the window's length, never more than the limit are let through."""

    def __init__(self, url: str) -> None:
        """Counts in this process alone where `url` is no Redis."""
        self._shared = _shared(url)
        self._shared_from = 0.0
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._own_lock = Lock()

    def count(self, limit: RateLimitItem, *whom: str) -> Count:
        """Each request takes its place in one step, so that no two take the last one. A refused request takes none."""
        if self._shared is not None and time.monotonic() >= self._shared_from:
            try:
                return self._shared.count(limit, whom)
            except RedisError as error:
                self._shared_from = time.monotonic() + PAUSE_S
                log.warning("limits.counted_by_this_process_alone", seconds=PAUSE_S, reason=str(error))
        with self._own_lock:
            return _counted(self._own, limit, whom)


@cache
def counters() -> Counters:
    """Where HUB_CACHE_URL says, else in the broker where that is Redis."""
    return Counters(settings.SITE.cache_url or settings.HUB.broker_url)


def _shared(url: str) -> SharedWindows | None:
    if not url.startswith(REDIS_SCHEMES):
        return None
    storage = RedisStorage(
        url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url,
        key_prefix="irodori-limit",
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
        # Once more, on a connection that is fresh: the embedded broker closes those that it answered an error, which it does
        # to each new script. Whatever was lost was counted at most twice, so that never more are let through.
        retry=Retry(NoBackoff(), 1),  # type: ignore[arg-type]  # handed on to redis-py, whatever it is
    )
    return SharedWindows(storage)


def _counted(limiter: MovingWindowRateLimiter, limit: RateLimitItem, whom: tuple[str, ...]) -> Count:
    let_through = limiter.hit(limit, *whom)
    stats = limiter.get_window_stats(limit, *whom)
    remaining = stats.remaining if let_through else 0
    return Count(let_through, max(0, remaining), max(0.0, stats.reset_time - time.time()))

"""Where previews of pictures in progress lie for a minute: in Redis, which every process of the site reaches."""

from typing import Any

from redis.backoff import NoBackoff
from redis.retry import Retry

# A page that is asked for must not wait for a preview.
PATIENCE_SECONDS = 1


class PlainBytes:
    """Bytes as they are. Django's own way is pickle, and whoever can write to the broker's Redis could then run programs here."""

    def dumps(self, value: bytes) -> bytes:
        return value

    def loads(self, data: bytes) -> bytes:
        return data


def previews(url: str) -> dict[str, Any]:
    """Django's CACHES entry for a Redis URL; for another, one that keeps nothing."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        return {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "irodori-preview",
        "TIMEOUT": 60,
        "OPTIONS": {
            "serializer": "hub.settings.caches.PlainBytes",
            "socket_timeout": PATIENCE_SECONDS,
            "socket_connect_timeout": PATIENCE_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        },
    }

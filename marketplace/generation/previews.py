"""Previews of pictures in progress: kept for a minute beside the database, shown to the buyer alone while it runs."""

import base64
import binascii

import structlog
from django.core.cache import caches
from redis.exceptions import RedisError

from hub.config import plugin_registry
from hub.jobs import GenerationHeartbeat
from marketplace.generation.models import Generation

log = structlog.get_logger(__name__)

MEDIA_TYPE = "image/jpeg"
CACHE = "previews"
JPEG = b"\xff\xd8\xff"


def keep(message: GenerationHeartbeat) -> None:
    """Raises nothing: a picture is drawn whether or not it is seen on the way."""
    if not message.preview or _withheld():
        return
    try:
        content = base64.b64decode(message.preview, validate=True)
    except binascii.Error:
        content = b""
    if not content.startswith(JPEG):
        log.warning("preview.refused", worker=message.worker)
        return
    try:
        caches[CACHE].set(_key(message.id, message.attempt), content)
    except RedisError as error:
        log.warning("preview.not_kept", reason=str(error))


def preview_of(generation: Generation) -> bytes | None:
    """A small JPEG; None where there is none, and for what does not run."""
    if generation.state != Generation.State.RUNNING or _withheld():
        return None
    try:
        found: bytes | None = caches[CACHE].get(_key(generation.pk, generation.attempt))
    except RedisError as error:
        log.warning("preview.not_read", reason=str(error))
        return None
    return found


def _withheld() -> bool:
    """Decision 15: what must pass a check before it is delivered is not shown before."""
    return plugin_registry().gates_output


def _key(generation_id: object, attempt: int) -> str:
    return f"{generation_id}.{attempt}"

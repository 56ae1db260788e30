"""Previews of pictures in progress: kept for a minute beside the database, shown to the buyer alone while it runs."""

import base64
import binascii
from collections.abc import Mapping
from uuid import UUID

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
    if generation.state != Generation.State.RUNNING:
        return None
    return previews_of({generation.pk: generation.attempt}).get(generation.pk)


def previews_of(running: Mapping[UUID, int]) -> dict[UUID, bytes]:
    """Those that there are, of generations that run, given with their attempts."""
    if not running or _withheld():
        return {}
    wanted = {_key(pk, attempt): pk for pk, attempt in running.items()}
    try:
        return {wanted[key]: content for key, content in caches[CACHE].get_many(wanted).items()}
    except RedisError as error:
        log.warning("preview.not_read", reason=str(error))
        return {}


def _withheld() -> bool:
    """Decision 15: what must pass a check before it is delivered is not shown before."""
    return plugin_registry().gates_output


def _key(generation_id: object, attempt: int) -> str:
    return f"{generation_id}.{attempt}"

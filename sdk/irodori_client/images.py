"""The steps of an image: following it, fetching it, sending one to start from."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from irodori_client import endpoints as at
from irodori_client.calls import Asked, Calls, not_written
from irodori_client.effects import Items, Run, Steps
from irodori_client.errors import CancelledError, DamagedError, FailedError, NotFoundError, UsageError
from irodori_client.events import Event
from irodori_client.following import followed, last_of
from irodori_client.models import Generation, Image, Picture

NO_PREVIEW = "no_preview"
MOVES = frozenset({"state", "step", "steps", "eta_seconds", "place_in_queue"})


def send(calls: Calls, picture: Path | bytes) -> Steps[Picture]:
    try:
        content = (yield Run(picture.read_bytes)) if isinstance(picture, Path) else picture
    except OSError as error:
        raise UsageError(f"{picture!s} can't be read ({error.strerror}).") from error
    kind = {"Content-Type": media_type(content)}
    return (yield from calls.call(at.PICTURE, Asked(content=content, headers=kind)))


def media_type(content: bytes) -> str:
    """By the first bytes. Raises UsageError for what the hub takes no pictures of."""
    if content.startswith(b"\x89PNG"):
        return "image/png"
    if content.startswith(b"\xff\xd8"):
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise UsageError("This is no PNG, JPEG or WebP. Send one of these.")


def finished(
    calls: Calls,
    id: UUID | str,  # noqa: A002 - the API's word
    tell: Callable[[Generation], object],
    timeout: float,
) -> Steps[Generation]:
    generation = yield from last_of(changes(calls, id, timeout), tell)
    if generation.state == "cancelled":
        raise CancelledError("The order was cancelled. Nothing was paid.", code="cancelled")
    if generation.failure:
        raise FailedError(generation.failure.message, code=generation.failure.code)
    return generation


def changes(calls: Calls, id: UUID | str, timeout: float) -> Items[Generation]:  # noqa: A002 - as above
    return followed(calls, at.GENERATION, at.EVENTS, id, heard, timeout)


def heard(generation: Generation, event: Event) -> Generation:
    """How it is after this event, which tells what moves."""
    return generation.model_copy(update={name: event.data[name] for name in MOVES & event.data.keys()})


def content(calls: Calls, generation: Generation) -> Steps[bytes]:
    return (yield from checked(calls, generation.id, generation.image))


def checked(calls: Calls, id: UUID, image: Image | None) -> Steps[bytes]:  # noqa: A002 - as above
    """The bytes, if they are those that the hub told of."""
    if image is None:
        raise UsageError("This order has no image yet. Wait for it first.")
    arrived = yield from calls.call(at.IMAGE, Asked(names={"id": id}))
    if hashlib.sha256(arrived).hexdigest() != image.sha256:
        raise DamagedError("The image that arrived is not the one that the hub made. Fetch it again.")
    return arrived


def save(path: Path, image: Steps[bytes]) -> Steps[Path]:
    """Whole or not at all: a program that ends in between leaves no half of it under that name."""
    arrived = yield from image
    try:
        yield Run(lambda: _replace(path, arrived))
    except OSError as error:
        raise not_written(path, error) from error
    return path


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.part")
    new.write_bytes(content)
    new.replace(path)


def preview(calls: Calls, id: UUID | str) -> Steps[bytes | None]:  # noqa: A002 - as above
    try:
        return (yield from calls.call(at.PREVIEW, Asked(names={"id": id})))
    except NotFoundError as error:
        if error.code == NO_PREVIEW:
            return None
        raise

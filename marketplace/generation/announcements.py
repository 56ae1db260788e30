"""What the hub announces about an ordered picture, to its buyer."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from marketplace.events import EventData, Kind, announce
from marketplace.generation.models import Generation


class GenerationSucceeded(EventData):
    id: UUID
    """The generation, as `GET /api/v1/generations/{id}` names it."""
    image_sha256: str
    """The hash of the picture at `GET /api/v1/generations/{id}/image`, hex."""
    media_type: str
    """Of the picture, such as `image/png`."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    seed: int
    """The same request with this seed gives the same bytes."""
    price_micro: int
    """What was paid, in 1e-6 of the currency."""
    currency: str
    """Such as `USD`."""


class GenerationFailed(EventData):
    id: UUID
    """The generation."""
    code: str
    """Stable; the reference of errors lists them."""


class GenerationCancelled(EventData):
    id: UUID
    """The generation."""


ID = UUID("7b1f0e9a-4a64-4c0b-9f57-2f9fd0a3c1de")
SUCCEEDED = Kind(
    "generation.succeeded",
    _("A picture that you ordered is finished and paid for."),
    GenerationSucceeded,
    GenerationSucceeded(
        id=ID,
        image_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        media_type="image/png",
        width=1024,
        height=1024,
        seed=7,
        price_micro=20_000,
        currency="USD",
    ),
)
FAILED = Kind(
    "generation.failed",
    _("A picture that you ordered could not be made. Nothing was paid."),
    GenerationFailed,
    GenerationFailed(id=ID, code="worker_lost"),
)
CANCELLED = Kind(
    "generation.cancelled",
    _("A picture that you ordered was cancelled before it was finished. Nothing was paid."),
    GenerationCancelled,
    GenerationCancelled(id=ID),
)
KINDS = (SUCCEEDED, FAILED, CANCELLED)


def announce_succeeded(generation: Generation, *, sha256: str, media_type: str) -> None:
    """The row as read before it was saved, and what was saved."""
    data = GenerationSucceeded(
        id=generation.pk,
        image_sha256=sha256,
        media_type=media_type,
        width=generation.width,
        height=generation.height,
        seed=generation.seed,
        price_micro=generation.price_micro,
        currency=generation.currency,
    )
    if (buyer := _buyer_of(generation)) is not None:
        announce(SUCCEEDED.event(buyer, data))


def announce_failed(generation: Generation, *, code: str) -> None:
    if (buyer := _buyer_of(generation)) is not None:
        announce(FAILED.event(buyer, GenerationFailed(id=generation.pk, code=code)))


def announce_cancelled(generation: Generation) -> None:
    if (buyer := _buyer_of(generation)) is not None:
        announce(CANCELLED.event(buyer, GenerationCancelled(id=generation.pk)))


def _buyer_of(generation: Generation) -> int | None:
    """None for the hub's own examples, which nobody ordered."""
    return generation.buyer_id if generation.purpose == Generation.Purpose.ORDER else None

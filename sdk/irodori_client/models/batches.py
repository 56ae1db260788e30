"""Up to a thousand images as one order."""

from datetime import datetime
from uuid import UUID

from irodori_client.models.base import Model, Sent
from irodori_client.models.generations import Failure, GenerationState, Image, SplitLine, StyleUse


class BatchChoices(Sent):
    """What an image of a batch has; what is left out is the batch's default, or else the base's own."""

    base_model: str | None = None
    adapters: tuple[StyleUse, ...] | None = None
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    seed: int | None = None
    scheduler: str | None = None
    resale: bool | None = None
    picture: str | None = None
    mask: str | None = None
    strength: float | None = None
    refiner_start: float | None = None
    prompt: str | None = None
    negative_prompt: str | None = None


class BatchRequest(Sent):
    """`prompts` are images that differ by their prompt alone; they follow those of `items`."""

    defaults: BatchChoices = BatchChoices()
    items: tuple[BatchChoices, ...] = ()
    prompts: tuple[str, ...] = ()


class BatchOrder(BatchRequest):
    """`name` is for you to know it by, `quote` holds a quoted price."""

    name: str = ""
    quote: str = ""

    def priced(self) -> BatchRequest:
        """What a quote is asked for."""
        return BatchRequest(defaults=self.defaults, items=self.items, prompts=self.prompts)


class BatchQuote(Model):
    size: int
    total_micro: int
    split: tuple[SplitLine, ...]
    quote: str
    expires_at: datetime


class Counts(Model):
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class Batch(Model):
    """How far it is. Each image is paid when it is there; `paid_micro` is what was."""

    id: UUID
    name: str
    size: int
    counts: Counts
    price_micro: int
    paid_micro: int
    currency: str
    eta_seconds: float | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_final(self) -> bool:
        return not self.counts.queued and not self.counts.running


class BatchItem(Model):
    """One image, by its number in the order, from 0."""

    number: int
    generation: UUID
    state: GenerationState | str
    prompt: str
    seed: int
    price_micro: int
    image: Image | None
    failure: Failure | None

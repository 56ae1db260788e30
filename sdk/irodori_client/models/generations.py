"""Orders, quotes and images."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from irodori_client.models.base import Model, Sent

GenerationState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
FINAL_STATES = frozenset({"succeeded", "failed", "cancelled"})


class StyleUse(Sent):
    """A style's version by its id, and how strongly, from -2 to 2. The weight never changes the price."""

    version: int
    weight: float = 1.0


class Priced(Sent):
    """What an image's price depends on. Whatever is None or empty is the base's own."""

    base_model: str
    adapters: tuple[StyleUse, ...] = ()
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    seed: int | None = None
    scheduler: str = ""
    resale: bool = False
    picture: str = ""
    mask: str = ""
    strength: float | None = None
    refiner_start: float | None = None


class Order(Priced):
    """One image. `picture` and `mask` are hashes of pictures that you sent; `quote` holds a quoted price."""

    prompt: str
    negative_prompt: str = ""
    quote: str = ""

    def priced(self) -> Priced:
        """What a quote is asked for."""
        return Priced.model_validate(self.model_dump(include=set(Priced.model_fields)))


class QuoteLine(Model):
    version: int
    title: str
    price_micro: int


class SplitLine(Model):
    """Who is paid, and as what."""

    payee: str
    role: str
    amount_micro: int


class Quote(Model):
    """What an image would cost. Until `expires_at`, an order with this `quote` costs exactly `total_micro`."""

    compute_micro: int
    lines: tuple[QuoteLine, ...]
    total_micro: int
    split: tuple[SplitLine, ...]
    quote: str
    expires_at: datetime


class AdapterUse(Model):
    version: int
    title: str
    weight: float
    price_micro: int


class Image(Model):
    """Where the image is; the key must be sent along. Its bytes have this SHA-256."""

    url: str
    sha256: str
    media_type: str
    width: int
    height: int


class Failure(Model):
    code: str
    message: str


class Generation(Model):
    """An order and how far it is."""

    id: UUID
    state: GenerationState | str
    step: int
    steps: int
    place_in_queue: int
    eta_seconds: float | None
    base_model: str
    prompt: str
    negative_prompt: str
    adapters: tuple[AdapterUse, ...]
    width: int
    height: int
    guidance_scale: float
    seed: int
    scheduler: str
    resale: bool
    picture: str
    mask: str
    strength: float | None
    refiner_start: float | None
    price_micro: int
    currency: str
    split: tuple[SplitLine, ...]
    credit_lines: tuple[str, ...]
    shared_under: str
    commercial_use: bool
    image: Image | None
    failure: Failure | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_STATES


class Picture(Model):
    """`sha256` is how orders name it."""

    sha256: str

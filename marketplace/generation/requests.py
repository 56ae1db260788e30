"""What a buyer asks for, before anything is checked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AdapterChoice:
    """A published style version, and how strongly to apply it. The weight never moves money."""

    version_id: int
    weight: float


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """One image. Sizes are in pixels; what is left out (None or "") the base and its engine decide.

    `picture` and `mask` are hashes of pictures that the buyer has sent; `strength` is how much of it is drawn anew.
    `by_program`: did it come by an API, which gets new versions before the pages do?
    `composed`: are its prompts put together, by an API that limits each text that it was sent, of these and words of the
    hub's own? Then no further limit is set to the whole.
    `refiner_start` is the part of the noise after whose removal the base's refiner takes over; None for no refiner.
    """

    base_model: str
    prompt: str
    negative_prompt: str = ""
    adapters: tuple[AdapterChoice, ...] = ()
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    seed: int | None = None
    scheduler: str = ""
    resale: bool = False
    by_program: bool = False
    composed: bool = False
    picture: str = ""
    mask: str = ""
    strength: float | None = None
    refiner_start: float | None = None

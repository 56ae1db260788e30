"""The rows of an order, complete but not yet saved."""

import secrets
from collections.abc import Mapping

from marketplace.accounts.models import User
from marketplace.generation.models import Generation, GenerationAdapter
from marketplace.generation.requests import GenerationRequest
from marketplace.generation.statements import insert
from marketplace.generation.validation import MAX_SEED, Order


def complete(
    generation: Generation,
    buyer: User | None,
    request: GenerationRequest,
    order: Order,
    prices: Mapping[int, int],
) -> Generation:
    """Everything that the request and the prices of its styles, by version, decide."""
    generation.buyer = buyer
    generation.prompt, generation.negative_prompt = request.prompt.strip(), request.negative_prompt.strip()
    generation.base_model, generation.scheduler = order.base, order.scheduler
    generation.width, generation.height, generation.steps = order.width, order.height, order.steps
    generation.guidance_scale, generation.resale = order.guidance_scale, order.resale
    generation.picture_sha256, generation.mask_sha256 = request.picture, request.mask
    generation.strength, generation.refiner_start = order.strength, order.refiner_start
    generation.seed = secrets.randbelow(MAX_SEED + 1) if order.seed is None else order.seed
    generation.price_micro = generation.compute_micro + sum(prices.values())
    return generation


def save(generation: Generation, order: Order, prices: Mapping[int, int]) -> None:
    """With its styles; it has them at hand from then on, with all that the order had read of them."""
    saved = uses(generation, order, prices)
    insert(generation, saved)
    known = generation.adapters.all()
    known._result_cache = saved  # as Django itself fills it when it prefetches
    generation._prefetched_objects_cache = {"adapters": known}  # type: ignore[attr-defined]  # as above


def uses(generation: Generation, order: Order, prices: Mapping[int, int]) -> list[GenerationAdapter]:
    return [
        GenerationAdapter(
            generation=generation,
            version=style.version,
            weight=style.weight,
            price_micro=prices[style.version.pk],
        )
        for style in order.styles
    ]

"""A generation's JSON, written out: to walk through the fields of its serializer takes longer than to know what is in them."""

from typing import Any

from rest_framework.fields import DateTimeField

from marketplace.generation.models import Generation, GenerationAdapter
from marketplace.generation.obligations import credit_lines, may_be_used_in_business, shared_under
from marketplace.generation.pricing import split_of
from marketplace.generation.selectors import eta_seconds, place_in_queue
from marketplace.payouts.parts import SplitLine

_time = DateTimeField()


def json_of(generation: Generation) -> dict[str, Any]:
    """All but `image` and `failure`, which few have: the fields of GenerationSerializer in their order."""
    place = place_in_queue(generation)
    return {
        "id": str(generation.pk),
        "state": generation.state,
        "step": generation.step,
        "steps": generation.steps,
        "place_in_queue": place,
        "eta_seconds": eta_seconds(generation, place),
        "base_model": generation.base_model.slug,
        "prompt": generation.prompt,
        "negative_prompt": generation.negative_prompt,
        "adapters": [_use(use) for use in generation.adapters.all()],
        "width": generation.width,
        "height": generation.height,
        "guidance_scale": float(generation.guidance_scale),
        "seed": generation.seed,
        "scheduler": generation.scheduler,
        "resale": generation.resale,
        "picture": generation.picture_sha256,
        "mask": generation.mask_sha256,
        "strength": generation.strength,
        "refiner_start": generation.refiner_start,
        "price_micro": generation.price_micro,
        "currency": generation.currency,
        "split": [_line(line) for line in split_of(generation)],
        "credit_lines": credit_lines(generation),
        "shared_under": shared_under(generation),
        "commercial_use": may_be_used_in_business(generation),
        "image": None,
        "failure": None,
        "created_at": _time.to_representation(generation.created_at),
        "finished_at": generation.finished_at and _time.to_representation(generation.finished_at),
    }


def _use(use: GenerationAdapter) -> dict[str, Any]:
    return {
        "version": use.version_id,
        "title": use.version.style.title,
        "weight": float(use.weight),
        "price_micro": use.price_micro,
    }


def _line(line: SplitLine) -> dict[str, Any]:
    return {"payee": line.payee, "role": str(line.role), "amount_micro": line.amount_micro}

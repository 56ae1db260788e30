"""Delivered pictures as this API's answer."""

import time
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from marketplace.generation.models import Generation
from marketplace.openai.images import content_of
from marketplace.openai.links import Link, address_of
from marketplace.openai.parameters import Delivery
from marketplace.openai.requests import Wanted
from marketplace.openai.usage import usage_of


def images(request: HttpRequest, made: Sequence[Generation], wanted: Wanted) -> dict[str, Any]:
    """Pictures that failed while others of their request were delivered are left out, and cost nothing."""
    delivered = [each for each in made if each.state == Generation.State.SUCCEEDED]
    return {
        "created": int(time.time()),
        "data": [_image(request, each, wanted) for each in delivered],
        **about(delivered[0], wanted.delivery),
        "usage": usage_of(made),
        "cost_micro": sum(each.price_micro for each in delivered),
    }


def about(generation: Generation, delivery: Delivery) -> dict[str, str]:
    """What an answer and each event say of their pictures."""
    said = {
        "background": "opaque",
        "output_format": delivery.format,
        "quality": delivery.quality,
        "size": f"{generation.width}x{generation.height}",
    }
    return said | ({"safety_identifier": delivery.safety_identifier} if delivery.safety_identifier else {})


def in_base64(generation: Generation, delivery: Delivery) -> str:
    return b64encode(content_of(generation, delivery.format, delivery.compression)).decode()


def _image(request: HttpRequest, generation: Generation, wanted: Wanted) -> dict[str, Any]:
    """`id` and `seed` are this hub's own: by the one it is found at /api/v1/generations, by the other made again."""
    delivery = wanted.delivery
    answer: dict[str, Any] = {"id": str(generation.pk), "seed": generation.seed}
    if wanted.revised_prompt:
        answer["revised_prompt"] = wanted.revised_prompt
    if delivery.as_url:
        link = Link(str(generation.pk), delivery.format, delivery.compression)
        return answer | {"url": address_of(request, link)}
    return answer | {"b64_json": in_base64(generation, delivery)}

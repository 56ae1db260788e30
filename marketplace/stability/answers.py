"""Delivered pictures in the two forms that this API has: JSON with base64, and the bytes with headers."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from hub.object_store import object_store
from marketplace.dialects.errors import Refused
from marketplace.generation.models import Generation

JSON, PNG = "application/json", "image/png"


def wants_bytes(request: HttpRequest) -> bool:
    """By `Accept`; JSON where it leaves the choice. Raises Refused where it wants neither."""
    wanted = request.get_preferred_type([JSON, PNG])
    if wanted is None:
        raise Refused("bad_request", _("must be application/json or image/png"), field="accept")
    return wanted == PNG


def artifacts(generations: Sequence[Generation]) -> dict[str, list[dict[str, Any]]]:
    return {"artifacts": [_artifact(generation) for generation in generations]}


def bytes_of(generation: Generation) -> HttpResponse:
    content = object_store().get(generation.image_key)
    return HttpResponse(
        content,
        content_type=generation.image_media_type,
        headers={"Finish-Reason": "SUCCESS", "Seed": str(generation.seed), "Content-Length": str(len(content))},
    )


def _artifact(generation: Generation) -> dict[str, Any]:
    """A picture that failed while others of its request were delivered is said to be an error, and costs nothing."""
    if generation.state != Generation.State.SUCCEEDED:
        return {"base64": "", "seed": generation.seed, "finishReason": "ERROR"}
    content = object_store().get(generation.image_key)
    return {"base64": b64encode(content).decode(), "seed": generation.seed, "finishReason": "SUCCESS"}

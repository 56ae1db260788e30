"""The `usage` of an answer: how much was read and drawn, in units that follow from the request alone.

No text encoder runs on the site, so a token of text is four bytes of it, and one of a picture a square of 16 pixels. What
was paid stands beside it, in `cost_micro`.
"""

from collections.abc import Sequence
from typing import Any

from marketplace.generation.models import Generation

BYTES, SIDE = 4, 16


def usage_of(made: Sequence[Generation]) -> dict[str, Any]:
    """Of pictures of one request, of which the same was read for each."""
    first = made[0]
    text = -(-len((first.prompt + first.negative_prompt).encode()) // BYTES)
    started_from = _squares(first) if first.picture_sha256 else 0
    drawn = sum(_squares(each) for each in made if each.state == Generation.State.SUCCEEDED)
    return {
        "input_tokens": text + started_from,
        "input_tokens_details": {"text_tokens": text, "image_tokens": started_from},
        "output_tokens": drawn,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": drawn},
        "total_tokens": text + started_from + drawn,
    }


def _squares(generation: Generation) -> int:
    return -(-generation.width // SIDE) * -(-generation.height // SIDE)

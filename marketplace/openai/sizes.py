"""Sizes as `1024x1024`, and the size of an edit that names none."""

import math
import re

from django.utils.translation import gettext as _

from marketplace.dialects.engines import Engine
from marketplace.dialects.errors import WRONG, Refused
from marketplace.dialects.fields import Fields

SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


def asked_size(fields: Fields) -> tuple[int, int] | None:
    """None where the choice is left to the hub. Raises Refused for what is no size."""
    text = fields.optional_text("size", 20)
    if text in ("", "auto"):
        return None
    found = SIZE.fullmatch(text)
    if found is None:
        raise Refused(WRONG, _("must be auto, or width and height in pixels as in 1024x1024"), field="size")
    return int(found[1]), int(found[2])


def size_of_shape(picture: tuple[int, int], engine: Engine) -> tuple[int, int]:
    """About as many pixels as the base's usual picture has, in the shape of this one, as far as the base can."""
    scale = engine.base.default_side / math.sqrt(picture[0] * picture[1])
    width, height = (_nearest(side * scale, engine) for side in picture)
    return width, height


def _nearest(pixels: float, engine: Engine) -> int:
    base, step = engine.base, engine.info.size_multiple
    least, most = math.ceil(base.min_side / step), base.max_side // step
    return step * min(most, max(least, round(pixels / step)))

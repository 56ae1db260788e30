"""Sizes: what the API demands of every engine, of those it knows by name, and what a base of this hub can make."""

from django.utils.translation import gettext as _

from marketplace.dialects.engines import Engine
from marketplace.dialects.errors import Refused
from marketplace.dialects.fields import Fields
from marketplace.stability.tables import RULES

LEAST_SIDE, MOST_SIDE, MULTIPLE = 128, 4096, 64


def asked_size(fields: Fields, engine: Engine) -> tuple[int, int]:
    """Width and height; the base's own for what is left out. Raises Refused."""
    width, height = (_side(fields, name) or engine.base.default_side for name in ("width", "height"))
    _refuse_by_name(engine, width, height)
    return width, height


def refuse_picture_size(engine: Engine, width: int, height: int, field: str) -> None:
    """Raises Refused where the base can't make a picture of the size of this one."""
    _refuse_by_name(engine, width, height)
    base, step = engine.base, engine.info.size_multiple
    if not all(base.min_side <= side <= base.max_side and side % step == 0 for side in (width, height)):
        message = _(
            "has %(width)s x %(height)s pixels. %(base)s makes sides from %(least)s to %(most)s, in steps of %(step)s."
        ) % {
            "width": width,
            "height": height,
            "base": base.title,
            "least": base.min_side,
            "most": base.max_side,
            "step": step,
        }
        raise Refused("invalid_image_dimensions", message, field=field)


def _side(fields: Fields, name: str) -> int | None:
    side = fields.integer(name, LEAST_SIDE, MOST_SIDE, "invalid_height_or_width")
    if side is not None and side % MULTIPLE:
        raise Refused("invalid_height_or_width", _("must be in increments of 64"), field=name)
    return side


def _refuse_by_name(engine: Engine, width: int, height: int) -> None:
    """A name's rule holds where the base that answers to it was made for such sizes."""
    usual = engine.base.default_side
    for rule in RULES:
        if engine.id.startswith(rule.beginnings) and rule.allows(usual, usual) and not rule.allows(width, height):
            raise Refused(rule.name, rule.sentence)

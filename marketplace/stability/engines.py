"""Engines, as this API calls what pictures are made with: named, listed and described."""

from django.http import HttpResponse
from django.utils.translation import gettext as _

from hub.settings.site import site_config
from marketplace.dialects import engines
from marketplace.dialects.engines import Aliases, Engine
from marketplace.dialects.errors import Refused
from marketplace.dialects.listed import KeptList


def aliases() -> Aliases:
    return site_config().stability_engines


def engine_of(engine_id: str) -> Engine:
    """Raises Refused for one that is not offered."""
    engine = engines.find_engine(engine_id, aliases())
    if engine is None:
        message = _("The specified engine (ID %(id)s) was not found.") % {"id": engine_id[:200]}
        raise Refused("not_found", message)
    return engine


def offered_engines() -> list[Engine]:
    return engines.offered_engines(aliases())


def listed_engines() -> HttpResponse:
    return engines.listed(_KEPT, aliases())


def _written() -> list[dict[str, str]]:
    return [
        {"id": each.id, "name": each.name, "description": description(each), "type": "PICTURE"}
        for each in offered_engines()
    ]


_KEPT = KeptList(_written)


def description(engine: Engine) -> str:
    """What it makes, in sentences; an id that is not its own says so."""
    parts = [_("Another name of %(id)s.") % {"id": engine.own_id}] if engine.id != engine.own_id else []
    if engine.info.upscales:
        parts += [engine.base.summary, _("Takes image-to-image/upscale alone.")]
    elif engine.version:
        style = engine.version.style
        parts += [_("A style by %(creator)s.") % {"creator": style.creator.display_name}, _sizes(engine)]
    else:
        parts += [engine.base.summary, _sizes(engine)]
    return " ".join(filter(None, parts))


def _sizes(engine: Engine) -> str:
    base = engine.base
    if base.min_side == base.max_side:
        return _("It makes pictures of %(side)s × %(side)s pixels alone.") % {"side": base.max_side}
    return _("It makes sides from %(least)s to %(most)s pixels, %(usual)s × %(usual)s if you don't say.") % {
        "least": base.min_side,
        "most": base.max_side,
        "usual": base.default_side,
    }

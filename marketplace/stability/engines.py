"""The ids that requests name: bases, upscalers, published versions of styles, and what the operator calls them beside."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from hub.config import plugin_registry
from hub.plugin_api import ENGINE, EngineInfo
from hub.settings.site import site_config
from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.generation.requests import AdapterChoice
from marketplace.stability.errors import Refused

ID = re.compile(r"[A-Za-z0-9_.-]{1,300}")


@dataclass(frozen=True)
class Engine:
    """A base, alone or with one version of a style at full strength."""

    id: str
    base: BaseModel
    info: EngineInfo
    version: StyleVersion | None = None

    @property
    def adapters(self) -> tuple[AdapterChoice, ...]:
        return () if self.version is None else (AdapterChoice(self.version.pk, 1.0),)

    @property
    def name(self) -> str:
        return self.base.title if self.version is None else str(self.version)


def engine_of(engine_id: str) -> Engine:
    """Raises Refused for one that is not offered."""
    engine = _known(engine_id) or _known(site_config().stability_engines.get(engine_id, ""))
    if engine is None:
        message = _("The specified engine (ID %(id)s) was not found.") % {"id": engine_id[:200]}
        raise Refused("not_found", message)
    return replace(engine, id=engine_id)


def offered_engines() -> list[Engine]:
    """Bases and upscalers, then versions, then other names of either."""
    infos = _infos()
    own = [*_bases(infos), *_versions(infos)]
    by_id = {engine.id: engine for engine in own}
    aliases = site_config().stability_engines.items()
    return own + [replace(by_id[known], id=alias) for alias, known in aliases if known in by_id and alias not in by_id]


def description(engine: Engine) -> str:
    """What it makes, in sentences; an id that is not its own says so."""
    own = engine.base.slug if engine.version is None else _id_of(engine.version)
    parts = [_("Another name of %(id)s.") % {"id": own}] if engine.id != own else []
    if engine.info.upscales:
        parts += [engine.base.summary, _("Takes image-to-image/upscale alone.")]
    elif engine.version:
        style = engine.version.style
        parts += [_("A style by %(creator)s.") % {"creator": style.creator.display_name}, _sizes(engine)]
    else:
        parts += [engine.base.summary, _sizes(engine)]
    return " ".join(filter(None, parts))


def version_id(engine_id: str) -> int:
    """The version that an engine's id names. Raises Refused for a base's, and for none."""
    engine = engine_of(engine_id)
    if engine.version is None:
        message = _("%(id)s is no style. Name a style's engine.") % {"id": engine_id[:200]}
        raise Refused("bad_request", message, field="extras.adapters")
    return engine.version.pk


def _sizes(engine: Engine) -> str:
    base = engine.base
    if base.min_side == base.max_side:
        return _("It makes pictures of %(side)s × %(side)s pixels alone.") % {"side": base.max_side}
    return _("It makes sides from %(least)s to %(most)s pixels, %(usual)s × %(usual)s if you don't say.") % {
        "least": base.min_side,
        "most": base.max_side,
        "usual": base.default_side,
    }


def _id_of(version: StyleVersion) -> str:
    return f"{version.pack.base_model.slug}.{version.style.slug}.v{version.number}"


def _infos() -> dict[str, EngineInfo]:
    registry = plugin_registry()
    return {name: registry.info(ENGINE, name) for name in registry.ids(ENGINE)}


def _bases(infos: dict[str, EngineInfo]) -> Iterator[Engine]:
    for base in BaseModel.objects.filter(enabled=True, engine__in=infos).order_by("title"):
        yield Engine(base.slug, base, infos[base.engine])


def _versions(infos: dict[str, EngineInfo]) -> Iterator[Engine]:
    offered = _published().filter(pack__base_model__enabled=True, pack__base_model__engine__in=infos)
    for version in offered.order_by("style__slug", "-number"):
        base = version.pack.base_model
        yield Engine(_id_of(version), base, infos[base.engine], version)


def _known(engine_id: str) -> Engine | None:
    """By an id of the hub's own."""
    return (_of_base(engine_id) or _of_version(engine_id)) if ID.fullmatch(engine_id) else None


def _of_base(slug: str) -> Engine | None:
    base = BaseModel.objects.filter(slug=slug, enabled=True).first()
    info = _infos().get(base.engine) if base else None
    return Engine(slug, base, info) if base and info else None


def _of_version(engine_id: str) -> Engine | None:
    base_slug, _dot, rest = engine_id.rpartition(".v")
    base_slug, _dot, style = base_slug.rpartition(".")  # a base's own name may hold dots
    # Nine digits are more than any style has versions, and fit the database's integers.
    if not (base_slug and rest.isascii() and rest.isdigit() and len(rest) < 10):
        return None
    named = {"pack__base_model__slug": base_slug, "style__slug": style, "number": int(rest)}
    version = _published().filter(**named, pack__base_model__enabled=True).first()
    info = _infos().get(version.pack.base_model.engine) if version else None
    return Engine(engine_id, version.pack.base_model, info, version) if version and info else None


def _published() -> QuerySet[StyleVersion]:
    related = ("style__creator", "pack__base_model")
    return StyleVersion.objects.filter(state=StyleVersion.State.PUBLISHED).select_related(*related)

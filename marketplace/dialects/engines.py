"""The ids that requests name: bases, upscalers, published versions of styles, and what the operator calls them beside."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer

from hub.config import plugin_registry
from hub.plugin_api import ENGINE, EngineInfo
from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.dialects.errors import WRONG, Refused
from marketplace.dialects.fields import Fields
from marketplace.dialects.listed import KeptList, newest_versions
from marketplace.generation.requests import AdapterChoice
from marketplace.generation.styles import MAX_STYLES, MAX_WEIGHT

RELATED = ("style__creator", "pack__base_model")
ID = re.compile(r"[A-Za-z0-9_.-]{1,300}")
Aliases = Mapping[str, str]
"""Further id -> the id of the hub's own that answers to it."""


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

    @property
    def own_id(self) -> str:
        """What the hub calls it, where `id` is another name."""
        return self.base.slug if self.version is None else _id_of(self.version)


Find = Callable[[str], Engine]
"""An API's own look-up, which refuses in its words."""


def find_engine(engine_id: str, aliases: Aliases) -> Engine | None:
    """None for one that is not offered."""
    engine = _known(engine_id) or _known(aliases.get(engine_id, ""))
    return replace(engine, id=engine_id) if engine else None


def offered_engines(aliases: Aliases) -> list[Engine]:
    """Bases and upscalers, then the newest versions that can be drawn with today, then other names of either."""
    infos = _infos()
    own = [*_bases(infos), *_versions(infos)]
    by_id = {engine.id: engine for engine in own}
    return own + [
        replace(by_id[known], id=alias) for alias, known in aliases.items() if known in by_id and alias not in by_id
    ]


def listed(kept: KeptList, aliases: Aliases) -> HttpResponse:
    """The list as it is now, which is only written anew where something has changed."""
    content = kept.content(plugin_registry().ids(ENGINE), dict(aliases))
    return HttpResponse(content, content_type=JSONRenderer.media_type)


def mixed_styles(fields: Fields, name: str, find: Find) -> tuple[AdapterChoice, ...]:
    """Styles beside the engine's own: `[{"id": ..., "weight": ...}]`. Raises Refused."""
    return tuple(_choice(row, fields.where + name, find) for row in fields.rows(name, MAX_STYLES))


def _choice(row: Fields, field: str, find: Find) -> AdapterChoice:
    weight, engine_id = row.number("weight", -MAX_WEIGHT, MAX_WEIGHT), row.text("id", 300)
    engine = find(engine_id)
    if engine.version is None:
        message = _("%(id)s is no style. Name a style's id.") % {"id": engine_id[:200]}
        raise Refused(WRONG, message, field=field)
    return AdapterChoice(engine.version.pk, 1.0 if weight is None else weight)


def _infos() -> dict[str, EngineInfo]:
    registry = plugin_registry()
    return {name: registry.info(ENGINE, name) for name in registry.ids(ENGINE)}


def _bases(infos: dict[str, EngineInfo]) -> Iterator[Engine]:
    for base in BaseModel.objects.filter(enabled=True, engine__in=infos).order_by("title"):
        yield Engine(base.slug, base, infos[base.engine])


def _versions(infos: dict[str, EngineInfo]) -> Iterator[Engine]:
    newest = newest_versions(list(infos)).select_related(*RELATED)
    for version in sorted(newest, key=lambda version: (version.style.slug, -version.number)):
        base = version.pack.base_model
        yield Engine(_id_of(version), base, infos[base.engine], version)


def _id_of(version: StyleVersion) -> str:
    return f"{version.pack.base_model.slug}.{version.style.slug}.v{version.number}"


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
    return StyleVersion.objects.filter(state=StyleVersion.State.PUBLISHED).select_related(*RELATED)

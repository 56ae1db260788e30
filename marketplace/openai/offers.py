"""Models, as this API calls what pictures are made with: named, listed, and chosen where a request names none."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from hub.settings.site import site_config
from marketplace.catalogue.selectors import base_models
from marketplace.dialects import engines
from marketplace.dialects.engines import Aliases, Engine
from marketplace.dialects.errors import Refused
from marketplace.dialects.listed import KeptList

OWNER_OF_BASES = "irodori"


def aliases() -> Aliases:
    return site_config().openai_models


def model_of(model_id: str) -> Engine:
    """Raises Refused for one that is not offered, and for one that does not draw."""
    engine = engines.find_engine(model_id, aliases())
    if engine is None or engine.info.upscales:
        message = _("The model `%(id)s` does not exist. /v1/models lists those that do.") % {"id": model_id[:200]}
        raise Refused("model_not_found", message, field="model")
    return engine


def default_model() -> Engine:
    """What the operator chose, else the first base that was set up. Raises Refused where there is none."""
    first = base_models().order_by("pk").values_list("slug", flat=True).first()
    return model_of(site_config().openai_model or first or "")


def offered_models() -> list[Engine]:
    return [engine for engine in engines.offered_engines(aliases()) if not engine.info.upscales]


def listed_models() -> HttpResponse:
    return engines.listed(_KEPT, aliases())


def _written() -> dict[str, Any]:
    return {"object": "list", "data": [described(model) for model in offered_models()]}


_KEPT = KeptList(_written)


def described(engine: Engine) -> dict[str, Any]:
    """`alias_of` is this hub's own: the id that answers to a name which programs ask for."""
    version = engine.version
    answer = {
        "id": engine.id,
        "object": "model",
        # Of a base nobody wrote down when it came.
        "created": int(version.published_at.timestamp()) if version else 0,
        "owned_by": version.style.creator.display_name if version else OWNER_OF_BASES,
    }
    return answer if engine.id == engine.own_id else answer | {"alias_of": engine.own_id}

"""From the API's samplers to schedulers that an engine offers."""

from django.utils.translation import gettext as _

from hub.plugin_api import EngineInfo
from marketplace.dialects.errors import Refused
from marketplace.stability.tables import SCHEDULERS


def scheduler_of(sampler: str | None, info: EngineInfo) -> str:
    """ "" for none, which lets the engine choose. Raises Refused for one that the engine lacks."""
    if sampler is None:
        return ""
    scheduler = SCHEDULERS[sampler]
    if not info.offers(scheduler):
        offered = [name for name, known in SCHEDULERS.items() if info.offers(known)]
        message = _("%(sampler)s is not offered by this engine. Leave it out, or choose one of %(offered)s.")
        raise Refused("bad_request", message % {"sampler": sampler, "offered": ", ".join(offered)}, field="sampler")
    return scheduler

"""Runs every check on a prompt. A check that crashes counts as a refusal."""

import structlog
from django.utils.translation import gettext as _

from hub.config import plugin_registry
from hub.plugin_api import PROMPT_CHECK, Names, Verdict
from marketplace.errors import NotAllowed
from marketplace.rights.selectors import opted_out_names

log = structlog.get_logger(__name__)


def refuse_prompt(prompt: str, field: str, listed: Names | None = None) -> None:
    """Raises NotAllowed, about `field`, for a name that opted out and for whatever an enabled check forbids.

    `listed` are the names, where the caller has them for many prompts.
    """
    if names := opted_out_names(prompt, listed):
        message = _("%(names)s asked not to be imitated. Describe the picture without the name.")
        raise NotAllowed(message % {"names": ", ".join(names)}, code="opted_out_name", field=field)
    for check_id in plugin_registry().ids(PROMPT_CHECK):
        verdict = _verdict(check_id, prompt)
        if not verdict.allowed:
            log.info("prompt.blocked", check=check_id, reason=verdict.reason)
            raise NotAllowed(
                _("This prompt can't be used here. Describe the picture in other words."),
                code="prompt_blocked",
                field=field,
            )


def _verdict(check_id: str, prompt: str) -> Verdict:
    try:
        return plugin_registry().get(PROMPT_CHECK, check_id).check(prompt)
    except Exception:
        # A plugin may raise anything; what was not checked is not let through.
        log.exception("prompt.check_crashed", check=check_id)
        return Verdict(allowed=False, reason="check_crashed")

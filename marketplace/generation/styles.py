"""Which styles can be used together, and how."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.errors import InvalidInput
from marketplace.generation.licensed import refuse_what_is_not_licensed
from marketplace.generation.offered import offered
from marketplace.generation.requests import AdapterChoice

MAX_STYLES = 4
MAX_WEIGHT = 2.0
FIELD = "adapters"


@dataclass(frozen=True)
class ChosenStyle:
    version: StyleVersion
    weight: float


def chosen_styles(
    base: BaseModel,
    choices: Sequence[AdapterChoice],
    *,
    resale: bool,
    partner: str | None,
    territory: Sequence[str] = (),
    known: Mapping[int, StyleVersion] | None = None,
) -> tuple[ChosenStyle, ...]:
    """Raises InvalidInput for what can't be served, NotAllowed for what a creator or the base does not allow.

    `known` are the versions by id, where the caller has looked for them.
    """
    _refuse_choices(choices)
    versions = offered((), [choice.version_id for choice in choices]).versions if known is None else known
    styles = _found(choices, versions)
    for style in styles:
        _refuse_style(base, style)
    if sum(style.version.pack.kind == "fine_tune" for style in styles) > 1:
        raise InvalidInput(_("Use one fine-tuned style at a time."), code="two_fine_tunes", field=FIELD)
    refuse_what_is_not_licensed(
        base, [style.version for style in styles], resale=resale, partner=partner, territory=territory
    )
    return styles


def _refuse_choices(choices: Sequence[AdapterChoice]) -> None:
    if len(choices) > MAX_STYLES:
        message = _("Use at most %(most)s styles in one image.") % {"most": MAX_STYLES}
        raise InvalidInput(message, code="too_many_styles", field=FIELD)
    if len({choice.version_id for choice in choices}) < len(choices):
        raise InvalidInput(_("Name each style once."), code="style_twice", field=FIELD)
    if not all(math.isfinite(choice.weight) and abs(choice.weight) <= MAX_WEIGHT for choice in choices):
        raise InvalidInput(_("Choose a strength from -2 to 2."), code="weight_out_of_range", field=FIELD)


def _found(choices: Sequence[AdapterChoice], versions: Mapping[int, StyleVersion]) -> tuple[ChosenStyle, ...]:
    if any(choice.version_id not in versions for choice in choices):
        raise InvalidInput(_("There is no such style. Choose one from the gallery."), code="unknown_style", field=FIELD)
    return tuple(ChosenStyle(versions[choice.version_id], choice.weight) for choice in choices)


def _refuse_style(base: BaseModel, style: ChosenStyle) -> None:
    version, title = style.version, {"title": style.version.style.title, "base": base.title}
    if version.state != StyleVersion.State.PUBLISHED:
        message = _("“%(title)s” is no longer offered. Choose another style.") % title
        raise InvalidInput(message, code="style_withdrawn", field=FIELD)
    if version.pack.base_model_id != base.pk:
        message = _("“%(title)s” was not made for %(base)s. Choose the base it was made for.") % title
        raise InvalidInput(message, code="style_of_another_base", field=FIELD)
    if version.pack.kind == "fine_tune" and style.weight != 1.0:
        message = _("“%(title)s” is a fine-tuned model and is used whole. Set its strength to 1.") % title
        raise InvalidInput(message, code="fine_tune_weight", field=FIELD)
    if version.pack.kind == "embedding" and style.weight != 1.0:
        message = _("“%(title)s” is a textual inversion: weigh its word in the prompt. Set its strength to 1.") % title
        raise InvalidInput(message, code="embedding_weight", field=FIELD)

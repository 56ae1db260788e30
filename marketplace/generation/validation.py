"""Says which requests can't be fulfilled, before any money is held. Every refusal names the field and what to do."""

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from hub.config import plugin_registry
from hub.plugin_api import ENGINE, EngineInfo, PluginUnavailableError
from marketplace.catalogue.models import BaseModel
from marketplace.errors import InvalidInput, Unavailable
from marketplace.generation.offered import offered
from marketplace.generation.requests import GenerationRequest
from marketplace.generation.styles import MAX_STYLES, ChosenStyle, chosen_styles

MAX_PROMPT = 2_000
MAX_SEED = 2**32 - 1
MAX_GUIDANCE = 35.0
DEFAULT_STRENGTH = 0.6
# Closer to an end, base or refiner has no step to do.
REFINER_STARTS = (0.01, 0.99)
# They make a text read otherwise than it is stored: embeddings, overrides and isolates; line and paragraph separators.
TURN_OR_PART_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")

FindsStyles = Callable[[BaseModel, GenerationRequest], tuple[ChosenStyle, ...]]


@dataclass(frozen=True)
class Order:
    """A request that can be fulfilled: every choice made, every style at hand."""

    base: BaseModel
    styles: tuple[ChosenStyle, ...]
    width: int
    height: int
    steps: int
    guidance_scale: float
    seed: int | None
    scheduler: str
    resale: bool
    by_program: bool
    compute_micro: int
    strength: float | None
    refiner_start: float | None


def checked_order(request: GenerationRequest, *, partner: str | None = None, territory: Sequence[str] = ()) -> Order:
    """Everything but the prompt. `partner` is the slug of an organisation that orders, `territory` where its licence holds.

    Raises InvalidInput, NotAllowed or Unavailable.
    """

    found = offered([request.base_model], [choice.version_id for choice in request.adapters[:MAX_STYLES]])

    def styles(base: BaseModel, request: GenerationRequest) -> tuple[ChosenStyle, ...]:
        return chosen_styles(
            base, request.adapters, resale=request.resale, partner=partner, territory=territory, known=found.versions
        )

    return completed_order(request, enabled_base(request.base_model, found.bases), styles)


def completed_order(request: GenerationRequest, base: BaseModel, styles: FindsStyles) -> Order:
    """The same, where the caller knows the base and how to find the styles."""
    info = engine_info(base)
    width = _side("width", base.default_side if request.width is None else request.width, base, info)
    height = _side("height", base.default_side if request.height is None else request.height, base, info)
    # A base may be set up for more steps than its engine allows: what nobody chose is never refused.
    steps = min(base.default_steps, info.max_steps) if request.steps is None else request.steps
    guidance_scale = base.default_guidance if request.guidance_scale is None else request.guidance_scale
    _between("steps", steps, 1, info.max_steps)
    _between("guidance_scale", guidance_scale, 0, MAX_GUIDANCE)
    if request.seed is not None:
        _between("seed", request.seed, 0, MAX_SEED)
    return Order(
        base=base,
        styles=styles(base, request),
        width=width,
        height=height,
        steps=steps,
        guidance_scale=guidance_scale,
        seed=request.seed,
        scheduler=_scheduler(request.scheduler, info),
        resale=request.resale,
        by_program=request.by_program,
        compute_micro=info.compute_price(width, height, steps),
        strength=_strength(request, steps, info),
        refiner_start=_refiner_start(request.refiner_start, info),
    )


def engine_info(base: BaseModel) -> EngineInfo:
    """Raises Unavailable where no enabled plugin serves this base."""
    try:
        info: EngineInfo = plugin_registry().info(ENGINE, base.engine)
    except PluginUnavailableError as error:
        raise Unavailable(
            _("%(base)s can't be used right now. Choose another base, or come back later.") % {"base": base.title},
            code="engine_unavailable",
        ) from error
    return info


def check_texts(prompt: str, negative_prompt: str, *, most: int = MAX_PROMPT) -> None:
    """Raises InvalidInput for an empty prompt, one of more than `most` characters, or one that holds control characters."""
    if not any(_is_visible(char) for char in prompt):
        raise InvalidInput(_("Say what to draw: the prompt is empty."), code="prompt_empty", field="prompt")
    for field, text in (("prompt", prompt), ("negative_prompt", negative_prompt)):
        _refuse_text(field, text, most)


def _refuse_text(field: str, text: str, most: int) -> None:
    if len(text) > most:
        message = _("This text has %(length)s characters. Shorten it to %(most)s.")
        raise InvalidInput(message % {"length": len(text), "most": most}, code="prompt_too_long", field=field)
    if any(_is_control(char) for char in text):
        message = _("This text holds control characters. Type it again as plain text.")
        raise InvalidInput(message, code="control_characters", field=field)


def _is_visible(char: str) -> bool:
    # Format characters (Cf), such as a zero-width space, and variation selectors (Mn) only change their neighbours.
    # Control characters count: what is wrong with them is said in words of their own.
    return not char.isspace() and unicodedata.category(char) not in {"Cf", "Mn"}


def _is_control(char: str) -> bool:
    # Surrogates (Cs) can't be stored as UTF-8; line breaks and tabs are what people paste.
    return char in TURN_OR_PART_TEXT or (unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\r\t")


def enabled_base(slug: str, known: Mapping[str, BaseModel] | None = None) -> BaseModel:
    """`known` are those by slug, where the caller has looked for them. Raises InvalidInput."""
    base = (offered([slug], ()).bases if known is None else known).get(slug)
    if base is None:
        message = _("There is no base model of this name. Choose one of those on offer.")
        raise InvalidInput(message, code="unknown_base_model", field="base_model")
    return base


def _side(field: str, pixels: int, base: BaseModel, info: EngineInfo) -> int:
    if not base.min_side <= pixels <= base.max_side or pixels % info.size_multiple:
        message = _("%(base)s makes sides from %(least)s to %(most)s pixels, in steps of %(step)s.") % {
            "base": base.title,
            "least": base.min_side,
            "most": base.max_side,
            "step": info.size_multiple,
        }
        raise InvalidInput(message, code="size_not_possible", field=field)
    return pixels


def _strength(request: GenerationRequest, steps: int, info: EngineInfo) -> float | None:
    """None for a request that starts from noise."""
    if not request.picture:
        if info.upscales:
            message = _("This one only enlarges a picture. Name one.")
            raise InvalidInput(message, code="picture_missing", field="picture")
        if request.mask or request.strength is not None:
            message = _("A mask or a strength needs a picture. Name one, or leave them out.")
            raise InvalidInput(message, code="picture_missing", field="picture")
        return None
    if not info.takes_pictures:
        message = _("This base can't start from a picture. Choose another base, or leave the picture out.")
        raise InvalidInput(message, code="no_pictures", field="picture")
    strength = DEFAULT_STRENGTH if request.strength is None else request.strength
    _between("strength", strength, 0, 1)
    if int(steps * strength) < 1:
        message = _("At this strength no step would change the picture. Raise the strength or the steps.")
        raise InvalidInput(message, code="strength_too_low", field="strength")
    return strength


def _refiner_start(start: float | None, info: EngineInfo) -> float | None:
    """Whether a refiner is set up, only the worker knows, and refuses where none is."""
    if start is None:
        return None
    if not info.may_refine:
        raise InvalidInput(
            _("This base has no refiner. Leave refiner_start out."), code="no_refiner", field="refiner_start"
        )
    _between("refiner_start", start, *REFINER_STARTS)
    return start


def _between(field: str, value: float, least: float, most: float) -> None:
    # A comparison with NaN is false, so NaN is refused here too; infinities are out of every range.
    if not least <= value <= most or not math.isfinite(value):
        message = _("Choose a number from %(least)s to %(most)s.") % {"least": least, "most": most}
        raise InvalidInput(message, code="out_of_range", field=field)


def _scheduler(name: str, info: EngineInfo) -> str:
    if name and not info.offers(name):
        offered = {"offered": ", ".join(info.schedulers)}
        message = _("This base has no such scheduler. Choose one of: %(offered)s.") % offered
        raise InvalidInput(message, code="unknown_scheduler", field="scheduler")
    return name or info.schedulers[0]

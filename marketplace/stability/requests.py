"""What a request of this API asks for, as the hub's own requests: one for each sample."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from django.utils.translation import gettext as _

from marketplace.dialects.engines import Engine, mixed_styles
from marketplace.dialects.errors import Refused
from marketplace.dialects.fields import Fields
from marketplace.dialects.pictures import Files, Picture, picture
from marketplace.generation.requests import GenerationRequest
from marketplace.generation.validation import MAX_GUIDANCE, MAX_SEED
from marketplace.stability.engines import engine_of
from marketplace.stability.pictures import mask
from marketplace.stability.presets import PRESETS
from marketplace.stability.prompts import joined, text_prompts
from marketplace.stability.samplers import scheduler_of
from marketplace.stability.sizes import asked_size, refuse_picture_size
from marketplace.stability.tables import SCHEDULERS

MAX_SAMPLES = 10
LEAST_STEPS, MOST_STEPS = 10, 150
CLIP_GUIDANCE = ("FAST_BLUE", "FAST_GREEN", "NONE", "SIMPLE", "SLOW", "SLOWER", "SLOWEST")
MODES = ("IMAGE_STRENGTH", "STEP_SCHEDULE")
IMAGE_STRENGTH, STEP_SCHEDULE_START = 0.35, 0.65
LEAST_UPSCALED_SIDE, MOST_UPSCALED_SIDE, MOST_UPSCALED_PIXELS = 512, 4096, 4_194_304
# The hub keeps a prompt of every picture; an upscaler reads none.
UPSCALE_PROMPT = "upscale"

Store = Callable[[bytes], str]
"""Keeps a picture for its owner and names it by its hash."""


def text_to_image(fields: Fields, engine: Engine) -> list[GenerationRequest]:
    """Raises Refused, as all here do."""
    _refuse_upscaler(engine)
    width, height = asked_size(fields, engine)
    return _one_for_each(_seeds(fields), replace(_common(fields, engine), width=width, height=height))


def image_to_image(fields: Fields, files: Files, engine: Engine, store: Store) -> list[GenerationRequest]:
    _refuse_upscaler(engine)
    common, seeds = _common(fields, engine), _seeds(fields)
    strength = _strength(fields, common.steps or engine.base.default_steps)
    # Nothing is stored before all has been read.
    init_image = _init_image(files, engine)
    return _one_for_each(seeds, _starting_at(common, init_image, store, strength))


def masking(fields: Fields, files: Files, engine: Engine, store: Store) -> list[GenerationRequest]:
    _refuse_upscaler(engine)
    common, seeds = _common(fields, engine), _seeds(fields)
    init_image = _init_image(files, engine)
    anew = mask(fields, files, init_image)
    return _one_for_each(seeds, replace(_starting_at(common, init_image, store, 1.0), mask=store(anew)))


def upscale(fields: Fields, files: Files, engine: Engine, store: Store) -> list[GenerationRequest]:
    if not engine.info.upscales:
        message = _("%(id)s draws pictures. Choose an engine that enlarges them; engines/list says which do.")
        raise Refused("bad_request", message % {"id": engine.id}, field="engine")
    image = picture(files, "image")
    width, height = _upscaled(fields, image)
    request = GenerationRequest(base_model=engine.base.slug, prompt=UPSCALE_PROMPT, width=width, height=height)
    return [replace(request, picture=store(image.content), strength=1.0)]


def _common(fields: Fields, engine: Engine) -> GenerationRequest:
    fields.choice("clip_guidance_preset", CLIP_GUIDANCE)  # of no effect, as the API says of engines that have no CLIP
    preset = fields.choice("style_preset", PRESETS)
    prompt, negative = joined(text_prompts(fields), preset, engine.info.max_prompt_weight)
    return GenerationRequest(
        base_model=engine.base.slug,
        prompt=prompt,
        negative_prompt=negative,
        adapters=engine.adapters + mixed_styles(fields.part("extras"), "adapters", engine_of),
        steps=fields.integer("steps", LEAST_STEPS, MOST_STEPS),
        guidance_scale=fields.number("cfg_scale", 0, MAX_GUIDANCE),
        scheduler=scheduler_of(fields.choice("sampler", SCHEDULERS), engine.info),
        composed=True,
    )


def _seeds(fields: Fields) -> list[int]:
    """One for each sample, from the one asked for on, or from a random one; 0, which asks for that, is never one."""
    samples = fields.integer("samples", 1, MAX_SAMPLES, "invalid_samples") or 1
    first = fields.integer("seed", 0, MAX_SEED) or 1 + secrets.randbelow(MAX_SEED)
    return [1 + (first - 1 + place) % MAX_SEED for place in range(samples)]


def _one_for_each(seeds: list[int], request: GenerationRequest) -> list[GenerationRequest]:
    return [replace(request, seed=seed) for seed in seeds]


def _strength(fields: Fields, steps: int) -> float:
    """How much is drawn anew: of what the hub can do at least one step, since the API takes any number up to 1."""
    mode = fields.choice("init_image_mode", MODES)
    kept, start = fields.number("image_strength", 0, 1), fields.number("step_schedule_start", 0, 1)
    if fields.number("step_schedule_end", 0, 1):
        message = _("must be 0 or left out: the last steps are never skipped here")
        raise Refused("bad_request", message, field="step_schedule_end")
    if mode == "STEP_SCHEDULE":
        strength = STEP_SCHEDULE_START if start is None else start
    else:
        # Rounded, or 1 - 0.9 would be a little less than one of ten steps.
        strength = round(1 - (IMAGE_STRENGTH if kept is None else kept), 6)
    return strength if int(steps * strength) else min(1.0, (1 + 1e-6) / steps)


def _init_image(files: Files, engine: Engine) -> Picture:
    init_image = picture(files, "init_image")
    refuse_picture_size(engine, *init_image.size, "init_image")
    return init_image


def _starting_at(request: GenerationRequest, init_image: Picture, store: Store, strength: float) -> GenerationRequest:
    width, height = init_image.size
    return replace(request, width=width, height=height, picture=store(init_image.content), strength=strength)


def _upscaled(fields: Fields, image: Picture) -> tuple[int, int]:
    """Twice as large unless one side is asked for, which the other follows."""
    wide, high = image.size
    limits = (LEAST_UPSCALED_SIDE, MOST_UPSCALED_SIDE, "invalid_height_or_width")
    width, height = fields.integer("width", *limits), fields.integer("height", *limits)
    if width and height:
        raise Refused("invalid_height_or_width", _("You can only specify one of width and height."))
    factor = width / wide if width else height / high if height else 2.0
    size = width or max(1, round(wide * factor)), height or max(1, round(high * factor))
    if factor <= 1:
        message = _("must be more than the picture has: %(width)s x %(height)s pixels") % {
            "width": wide,
            "height": high,
        }
        raise Refused("invalid_height_or_width", message, field="width" if width else "height")
    if size[0] * size[1] > MOST_UPSCALED_PIXELS or max(size) > MOST_UPSCALED_SIDE:
        message = _("%(width)s x %(height)s pixels are more than 4,194,304, or than 4,096 on a side.")
        raise Refused("invalid_pixel_count", message % {"width": size[0], "height": size[1]})
    return size


def _refuse_upscaler(engine: Engine) -> None:
    if engine.info.upscales:
        message = _("%(id)s only enlarges pictures. Choose an engine that draws; engines/list says which do.")
        raise Refused("bad_request", message % {"id": engine.id}, field="engine")

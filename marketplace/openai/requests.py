"""What a request of this API asks for, as the hub's own requests: one for each picture."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from marketplace.dialects.engines import Engine, mixed_styles
from marketplace.dialects.errors import MISSING, Refused
from marketplace.dialects.fields import Fields
from marketplace.dialects.pictures import Files, Picture, alpha, picture, png
from marketplace.generation.requests import GenerationRequest
from marketplace.generation.validation import MAX_PROMPT, MAX_SEED
from marketplace.openai.offers import default_model, model_of
from marketplace.openai.parameters import Delivery, delivery_of, quality_of, refuse_other_parameters
from marketplace.openai.sizes import asked_size, size_of_shape
from marketplace.openai.tables import EDIT, FIDELITIES, GENERATE, QUALITIES, STYLES

MAX_PICTURES = 10
# A mask is unpacked here, by the site.
MAX_MASKED_SIDE = 2048

Store = Callable[[bytes], str]
"""Keeps a picture for its owner and names it by its hash."""


@dataclass(frozen=True)
class Wanted:
    """`revised_prompt` is what a picture is drawn from where that is more than the prompt."""

    requests: Sequence[GenerationRequest]
    delivery: Delivery
    revised_prompt: str = ""


def generate(fields: Fields) -> Wanted:
    """Raises Refused, as all here do."""
    refuse_other_parameters(fields.values, GENERATE)
    request = _common(fields, _model(fields))
    addition = STYLES.get(fields.choice("style", STYLES) or "", "")
    if addition:
        request = replace(request, prompt=f"{request.prompt.rstrip()}, {addition}", composed=True)
    return replace(_wanted(fields, request), revised_prompt=request.prompt if addition else "")


def edit(fields: Fields, images: Sequence["UploadedFile[Any]"], files: Files, store: Store) -> Wanted:
    """`images` are all files that were sent as `image`, of which there must be one."""
    refuse_other_parameters({**fields.values, **files}, EDIT)
    engine = _model(fields)
    request = _common(fields, engine)
    image = _image(images)
    anew = _mask(files, image)
    fidelity = FIDELITIES[fields.choice("input_fidelity", FIDELITIES) or "low"]
    if request.width is None:
        width, height = size_of_shape(image.size, engine)
        request = replace(request, width=width, height=height)
    wanted = _wanted(fields, replace(request, strength=fidelity[0 if anew is None else 1]))
    # Nothing is stored before all has been read.
    start, mask = store(image.content), "" if anew is None else store(anew)
    return replace(wanted, requests=[replace(each, picture=start, mask=mask) for each in wanted.requests])


def _wanted(fields: Fields, request: GenerationRequest) -> Wanted:
    delivery, seeds = delivery_of(fields), _seeds(fields)
    if delivery.streamed and len(seeds) > 1:
        raise Refused("unsupported_value", _("must be 1 where stream is true"), field="n")
    return Wanted([replace(request, seed=seed) for seed in seeds], delivery)


def _model(fields: Fields) -> Engine:
    model_id = fields.optional_text("model", 300)
    return model_of(model_id) if model_id else default_model()


def _common(fields: Fields, engine: Engine) -> GenerationRequest:
    width, height = asked_size(fields) or (None, None)
    return GenerationRequest(
        base_model=engine.base.slug,
        prompt=fields.text("prompt", MAX_PROMPT),
        negative_prompt=fields.optional_text("negative_prompt", MAX_PROMPT),
        adapters=engine.adapters + mixed_styles(fields, "adapters", model_of),
        width=width,
        height=height,
        steps=_steps(quality_of(fields), engine),
    )


def _steps(quality: str, engine: Engine) -> int | None:
    """None for as many as the base does by itself."""
    if QUALITIES[quality] == 1:
        return None
    return min(engine.info.max_steps, max(1, round(QUALITIES[quality] * engine.base.default_steps)))


def _seeds(fields: Fields) -> list[int]:
    """One for each picture, from the one asked for on, or from a random one."""
    number, first = fields.integer("n", 1, MAX_PICTURES) or 1, fields.integer("seed", 0, MAX_SEED)
    start = secrets.randbelow(MAX_SEED + 1) if first is None else first
    return [(start + place) % (MAX_SEED + 1) for place in range(number)]


def _image(images: Sequence["UploadedFile[Any]"]) -> Picture:
    if not images:
        raise Refused(MISSING, _("is required, as a file"), field="image")
    if len(images) > 1:
        message = _("must be one picture: a base here starts from one and looks at no others. Leave the others out.")
        raise Refused("unsupported_value", message, field="image")
    return picture({"image": images[0]}, "image")


def _mask(files: Files, image: Picture) -> bytes | None:
    """White where nothing is seen of the mask that was sent, which is what is drawn anew; None for no mask."""
    if "mask" not in files:
        return None
    given = picture(files, "mask")
    if given.size != image.size:
        message = _("must have the size of image, %(width)s x %(height)s pixels")
        sizes = {"width": image.head.width, "height": image.head.height}
        raise Refused("invalid_image_file", message % sizes, field="mask")
    if max(given.size) > MAX_MASKED_SIDE:
        message = _("must have at most %(most)s pixels on a side") % {"most": MAX_MASKED_SIDE}
        raise Refused("invalid_image_file", message, field="mask")
    opaque = alpha(given, "mask")
    if opaque is None or opaque.getextrema()[0] != 0:
        message = _("has no fully transparent part. What is to be drawn anew must be transparent.")
        raise Refused("invalid_image_file", message, field="mask")
    return png(opaque.point(lambda value: 0 if value else 255))

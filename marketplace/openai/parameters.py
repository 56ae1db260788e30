"""How the pictures of a request are to come, and what is refused because this hub has no such thing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from marketplace.dialects.errors import Refused
from marketplace.dialects.fields import Fields
from marketplace.openai.tables import FORMATS, QUALITIES, QUALITY_SAID, UNSUPPORTED

MAX_PARTIAL_IMAGES = 3
MAX_IDENTIFIER = 512
BEST = 100


@dataclass(frozen=True)
class Delivery:
    """`compression` is from 0 to 100, the best; `partial_images` come only where it is `streamed`."""

    format: str = "png"
    compression: int = BEST
    as_url: bool = False
    streamed: bool = False
    partial_images: int = 0
    quality: str = "medium"
    safety_identifier: str = ""


def refuse_other_parameters(values: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raises Refused for what would be ignored otherwise."""
    for name, value in values.items():
        if name in UNSUPPORTED and value is not None:
            raise Refused("unsupported_parameter", _("is not supported here. Leave it out."), field=name)
        if name not in known and name not in UNSUPPORTED:
            sayable = name[:100].encode(errors="replace").decode()
            raise Refused("unknown_parameter", _("is no parameter of this address. Leave it out."), field=sayable)


def delivery_of(fields: Fields) -> Delivery:
    """Raises Refused."""
    _refuse_what_is_not_offered(fields)
    file_format = fields.choice("output_format", FORMATS) or "png"
    compression = fields.integer("output_compression", 0, BEST)
    if compression is not None and file_format == "png":
        raise Refused("invalid_value", _("needs the output_format jpeg or webp"), field="output_compression")
    streamed, partial_images = _streaming(fields)
    quality = quality_of(fields)
    return Delivery(
        format=file_format,
        compression=BEST if compression is None else compression,
        as_url=fields.choice("response_format", ("url", "b64_json")) == "url",
        streamed=streamed,
        partial_images=partial_images,
        quality=QUALITY_SAID.get(quality, quality),
        safety_identifier=_identifier(fields),
    )


def quality_of(fields: Fields) -> str:
    return fields.choice("quality", QUALITIES) or "auto"


def _refuse_what_is_not_offered(fields: Fields) -> None:
    fields.choice("moderation", ("low", "auto"))  # of no effect: the hub's checks are the same for everyone
    if fields.choice("background", ("transparent", "opaque", "auto")) == "transparent":
        message = _("pictures here have no transparent parts. Ask for opaque or auto.")
        raise Refused("unsupported_value", message, field="background")
    if fields.values.get("output_format") in ("gif", "svg"):
        message = _("must be one of %(choices)s") % {"choices": ", ".join(FORMATS)}
        raise Refused("unsupported_value", message, field="output_format")


def _streaming(fields: Fields) -> tuple[bool, int]:
    streamed = fields.flag("stream")
    partial_images = fields.integer("partial_images", 0, MAX_PARTIAL_IMAGES) or 0
    if partial_images and not streamed:
        raise Refused("invalid_value", _("needs stream to be true"), field="partial_images")
    if streamed and fields.values.get("response_format") == "url":
        raise Refused("unsupported_value", _("must be b64_json where stream is true"), field="response_format")
    return streamed, partial_images


def _identifier(fields: Fields) -> str:
    """The program's own name for who asks, given back with the answer and kept nowhere."""
    names = ("safety_identifier", "user")
    return next(filter(None, [fields.optional_text(name, MAX_IDENTIFIER) for name in names]), "")

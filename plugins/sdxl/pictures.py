"""Reads a user's picture or mask: bytes that nobody has looked at yet."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from hub.plugin_api import JobRefusedError

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_SIDE = 4096


def picture_of(content: bytes) -> Image.Image:
    """RGB, turned as its camera was held; transparent parts are white. Raises JobRefusedError."""
    image = _opened(content)
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


def mask_of(content: bytes) -> Image.Image:
    """One channel; white is drawn anew. Raises JobRefusedError."""
    return _opened(content).convert("L")


def _opened(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # A warning of Pillow's tells of a picture that unpacks to more than a side below allows.
            warnings.simplefilter("error")
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            if max(image.size) > MAX_SIDE:
                raise JobRefusedError(
                    "picture_too_large",
                    f"The picture has {image.width} x {image.height} pixels. Send one of at most {MAX_SIDE} on a side.",
                )
            image.load()
            return ImageOps.exif_transpose(image)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as error:
        raise JobRefusedError(
            "not_a_picture", "The picture can't be read. Send a PNG, JPEG or WebP file that opens elsewhere."
        ) from error

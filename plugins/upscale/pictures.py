"""Reads a user's picture: bytes that nobody has unpacked yet."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from hub.plugin_api import JobRefusedError

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_SIDE = 4096


def picture_of(content: bytes) -> Image.Image:
    """RGB, turned as its camera was held; transparent parts are white. Raises JobRefusedError."""
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
            turned = ImageOps.exif_transpose(image).convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as error:
        raise JobRefusedError(
            "not_a_picture", "The picture can't be read. Send a PNG, JPEG or WebP file that opens elsewhere."
        ) from error
    return Image.alpha_composite(Image.new("RGBA", turned.size, "white"), turned).convert("RGB")

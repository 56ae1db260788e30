"""Delivered pictures in the format that was asked for: the bytes as they are stored, or the same picture as JPEG or WebP."""

import io

from django.utils.translation import gettext as _
from PIL import Image

from hub.object_store import ObjectMissingError, object_store
from marketplace.errors import NotFound
from marketplace.generation.models import Generation
from marketplace.openai.tables import FORMATS


def content_of(generation: Generation, file_format: str, compression: int) -> bytes:
    """Raises NotFound where it is stored no more."""
    try:
        content = object_store().get(generation.image_key)
    except ObjectMissingError as error:
        raise NotFound(_("This image is no longer stored."), code="image_missing") from error
    if FORMATS[file_format] == generation.image_media_type:
        return content
    return encoded(Image.open(io.BytesIO(content)), file_format, compression)


def encoded(image: Image.Image, file_format: str, compression: int) -> bytes:
    """`compression` is what JPEG and WebP call quality, and nothing to PNG."""
    file = io.BytesIO()
    image.convert("RGB").save(file, file_format.upper(), quality=compression)
    return file.getvalue()

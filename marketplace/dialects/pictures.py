"""The files of a form: what is wrong with them, how large they are, and what is transparent in them."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from marketplace.dialects.errors import FILE_SIZE, MISSING, NO_PICTURE, Refused
from marketplace.errors import InvalidInput
from marketplace.generation.pictures import MAX_BYTES, READ_ERRORS, PictureHead, picture_head

Files = Mapping[str, "UploadedFile[Any]"]


@dataclass(frozen=True)
class Picture:
    content: bytes
    head: PictureHead

    @property
    def size(self) -> tuple[int, int]:
        return self.head.width, self.head.height


def picture(files: Files, name: str) -> Picture:
    """Its head alone is read. Raises Refused."""
    file = files.get(name)
    if file is None:
        raise Refused(MISSING, _("is required, as a file"), field=name)
    if not file.size or file.size > MAX_BYTES:
        message = _("must have from 1 byte to %(most)s MiB") % {"most": MAX_BYTES // 2**20}
        raise Refused(FILE_SIZE, message, field=name)
    content = file.read()
    try:
        return Picture(content, picture_head(content))
    except InvalidInput as error:
        raise Refused(error.code, error.message, field=name) from error


def unpacked(given: Picture, name: str) -> Image.Image:
    """Its pixels, turned as the head's size has it; only for what has passed every check of its size. Raises Refused."""
    try:
        image: Image.Image = Image.open(io.BytesIO(given.content), formats=[given.head.format])
        image = ImageOps.exif_transpose(image)
    except READ_ERRORS as error:
        raise Refused(NO_PICTURE, _("can't be read to its end"), field=name) from error
    return image


def alpha(given: Picture, name: str) -> Image.Image | None:
    """255 where it is opaque, 0 where nothing is seen of it; None for a picture without transparency. Raises Refused."""
    image = unpacked(given, name)
    return image.convert("RGBA").getchannel("A") if image.has_transparency_data else None


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()

"""The files of a form: what is wrong with them, how large they are, and masks as the hub wants them, white drawn anew."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageChops, ImageOps

from marketplace.errors import InvalidInput
from marketplace.generation.pictures import MAX_BYTES, READ_ERRORS, PictureHead, picture_head
from marketplace.stability.errors import NAMES, Refused
from marketplace.stability.fields import Fields

Files = Mapping[str, "UploadedFile[Any]"]
SOURCES = ("MASK_IMAGE_WHITE", "MASK_IMAGE_BLACK", "INIT_IMAGE_ALPHA")


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
        raise Refused("bad_request", _("is required, as a file"), field=name)
    if not file.size or file.size > MAX_BYTES:
        message = _("must have from 1 byte to %(most)s MiB") % {"most": MAX_BYTES // 2**20}
        raise Refused("invalid_file_size", message, field=name)
    content = file.read()
    try:
        return Picture(content, picture_head(content))
    except InvalidInput as error:
        raise Refused(NAMES[error.code], error.message, field=name) from error


def mask(fields: Fields, files: Files, init_image: Picture) -> bytes:
    """A picture of the same size as `init_image`, white where it is drawn anew. Raises Refused.

    What is unpacked here has passed every check of its size, and is as small as the pictures that a base makes.
    """
    source = fields.choice("mask_source", SOURCES)
    if source is None:
        raise Refused("bad_request", _("is required"), field="mask_source")
    if source == "INIT_IMAGE_ALPHA":
        return _png(ImageChops.invert(_alpha(init_image)))
    given = picture(files, "mask_image")
    if given.size != init_image.size:
        message = _("must have the size of init_image, %(width)s x %(height)s pixels")
        sizes = {"width": init_image.head.width, "height": init_image.head.height}
        raise Refused("invalid_mask_image", message % sizes, field="mask_image")
    if source == "MASK_IMAGE_WHITE":
        return given.content
    return _png(ImageChops.invert(_unpacked(given, "mask_image").convert("L")))


def _alpha(init_image: Picture) -> Image.Image:
    image = _unpacked(init_image, "init_image")
    if not image.has_transparency_data:
        message = _("has no transparent part. Send one that has, or a mask_image.")
        raise Refused("invalid_mask_image", message, field="init_image")
    return image.convert("RGBA").getchannel("A")


def _unpacked(given: Picture, name: str) -> Image.Image:
    try:
        image: Image.Image = Image.open(io.BytesIO(given.content), formats=[given.head.format])
        # As the head's size has it.
        image = ImageOps.exif_transpose(image)
    except READ_ERRORS as error:
        raise Refused("invalid_mime_type", _("can't be read to its end"), field=name) from error
    return image


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()

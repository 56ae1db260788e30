"""Masks as the hub wants them, white drawn anew, from each of the three sources that the API has."""

from django.utils.translation import gettext as _
from PIL import ImageChops

from marketplace.dialects.errors import Refused
from marketplace.dialects.fields import Fields
from marketplace.dialects.pictures import Files, Picture, alpha, picture, png, unpacked

SOURCES = ("MASK_IMAGE_WHITE", "MASK_IMAGE_BLACK", "INIT_IMAGE_ALPHA")


def mask(fields: Fields, files: Files, init_image: Picture) -> bytes:
    """A picture of the same size as `init_image`, white where it is drawn anew. Raises Refused.

    What is unpacked here has passed every check of its size, and is as small as the pictures that a base makes.
    """
    source = fields.choice("mask_source", SOURCES)
    if source is None:
        raise Refused("bad_request", _("is required"), field="mask_source")
    if source == "INIT_IMAGE_ALPHA":
        return _where_transparent(init_image)
    given = picture(files, "mask_image")
    if given.size != init_image.size:
        message = _("must have the size of init_image, %(width)s x %(height)s pixels")
        sizes = {"width": init_image.head.width, "height": init_image.head.height}
        raise Refused("invalid_mask_image", message % sizes, field="mask_image")
    if source == "MASK_IMAGE_WHITE":
        return given.content
    return png(ImageChops.invert(unpacked(given, "mask_image").convert("L")))


def _where_transparent(init_image: Picture) -> bytes:
    opaque = alpha(init_image, "init_image")
    if opaque is None:
        message = _("has no transparent part. Send one that has, or a mask_image.")
        raise Refused("invalid_mask_image", message, field="init_image")
    return png(ImageChops.invert(opaque))

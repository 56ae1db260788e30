"""Stores the pictures that an order form sends, so that an order can name them."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from marketplace.accounts.models import User
from marketplace.errors import InvalidInput
from marketplace.generation.pictures import MAX_BYTES, store_image_as_picture, store_picture
from marketplace.generation.selectors import get_for_buyer
from marketplace.pages.forms.source import Source


def stored_source(owner: User, sent: Mapping[str, Any]) -> Source:
    """What the fields of a SourceForm name. Raises InvalidInput for what is no picture, NotFound for what has none."""
    picture = _stored(owner, sent, "picture") or sent.get("kept_picture", "")
    mask = _stored(owner, sent, "mask") or sent.get("kept_mask", "")
    if not picture and (image := sent.get("picture_of")):
        picture = store_image_as_picture(owner=owner, generation=get_for_buyer(owner, image))
    return Source(picture, mask)


def _stored(owner: User, sent: Mapping[str, Any], field: str) -> str:
    file: UploadedFile[bytes] | None = sent.get(field)
    if file is None:
        return ""
    try:
        # One byte more than is allowed is enough to refuse it.
        return store_picture(owner=owner, content=file.read(MAX_BYTES + 1))
    except InvalidInput as refusal:
        refusal.field = field
        raise

"""Takes the pictures and masks that generations start from: looked at, then stored under their owner and their hash."""

import hashlib
import io
import re
import warnings
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from hub import keys
from hub.jobs import PictureSource
from hub.object_store import ObjectMissingError, object_store
from marketplace.accounts.models import User
from marketplace.errors import InvalidInput, NotFound
from marketplace.generation.licensed import refuse_as_input
from marketplace.generation.models import Generation
from marketplace.generation.requests import GenerationRequest

READ_ERRORS = (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError)
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
MAX_BYTES = 16 * 2**20
MAX_SIDE = 4096
SHA256 = re.compile(r"[0-9a-f]{64}")
BEGINNING = 1024
OTHERS = (
    (re.compile(rb"GIF8[79]a"), "GIF"),
    (re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<(?:\?xml\b.*<svg\b|!--.*<svg\b|!DOCTYPE svg\b|svg\b)", re.DOTALL), "SVG"),
    (re.compile(rb".{4}ftyp(?:avif|avis)", re.DOTALL), "AVIF"),
    (re.compile(rb".{4}ftyp(?:heic|heix|hevc|mif1|msf1)", re.DOTALL), "HEIC"),
    (re.compile(rb"II\*\0|MM\0\*"), "TIFF"),
    (re.compile(rb"BM.{4}\0{4}", re.DOTALL), "BMP"),
    (re.compile(rb"%PDF-"), "PDF"),
)
"""What people take for pictures and a base can't start from, by how it begins."""
ORIENTATION = 0x0112
LYING = (5, 6, 7, 8)


@dataclass(frozen=True)
class PictureHead:
    """What a file says of itself; sides in pixels, as the picture is to be seen."""

    format: str
    width: int
    height: int


def store_picture(*, owner: User, content: bytes) -> str:
    """Its SHA-256, by which a request of the same owner names it. Raises InvalidInput for what is no picture."""
    if len(content) > MAX_BYTES:
        message = _("The picture has more than %(most)s MiB. Send a smaller one.") % {"most": MAX_BYTES // 2**20}
        raise InvalidInput(message, code="picture_too_large")
    media_type = MEDIA_TYPES[picture_head(content).format]
    sha256 = hashlib.sha256(content).hexdigest()
    object_store().put(keys.picture(owner.pk, sha256), content, media_type)
    return sha256


def store_image_as_picture(*, owner: User, generation: Generation) -> str:
    """Put a finished image of the owner's beside the pictures they sent.

    Raises NotFound for one that has no image, NotAllowed where a style of it rules out that one starts from it.
    """
    if generation.state != Generation.State.SUCCEEDED:
        raise NotFound(_("There is no image yet."), code="no_image")
    refuse_as_input(generation)
    try:
        content = object_store().get(generation.image_key)
    except ObjectMissingError as error:
        raise NotFound(_("This image is no longer stored."), code="image_missing") from error
    return store_picture(owner=owner, content=content)


def refuse_unknown_pictures(*, owner: User, request: GenerationRequest) -> None:
    """Raises InvalidInput where the owner has sent no such picture or mask."""
    for field, sha256 in (("picture", request.picture), ("mask", request.mask)):
        if sha256 and not (SHA256.fullmatch(sha256) and _is_stored(keys.picture(owner.pk, sha256))):
            message = _("You have sent no picture with this hash. Send it to /api/v1/pictures first.")
            raise InvalidInput(message, code="unknown_picture", field=field)


def source_of(generation: Generation) -> PictureSource | None:
    """What its job starts from; None for noise."""
    if generation.strength is None or generation.buyer is None:
        return None
    owner, mask = generation.buyer.pk, generation.mask_sha256
    return PictureSource(
        picture_key=keys.picture(owner, generation.picture_sha256),
        picture_sha256=generation.picture_sha256,
        strength=generation.strength,
        mask_key=keys.picture(owner, mask) if mask else "",
        mask_sha256=mask,
    )


def picture_head(content: bytes) -> PictureHead:
    """Read from the file's head; only a worker unpacks it. Raises InvalidInput for what is no picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            image = Image.open(io.BytesIO(content), formats=tuple(MEDIA_TYPES))
            # Without "exif" Pillow would unpack a PNG to look for it at its end.
            lies = "exif" in image.info and image.getexif().get(ORIENTATION) in LYING
    except READ_ERRORS as error:
        raise InvalidInput(_unreadable(content), code="not_a_picture") from error
    if max(image.size) > MAX_SIDE:
        message = _("The picture has %(width)s x %(height)s pixels. Send one of at most %(most)s on a side.")
        sizes = {"width": image.width, "height": image.height, "most": MAX_SIDE}
        raise InvalidInput(message % sizes, code="picture_too_large")
    width, height = reversed(image.size) if lies else image.size
    return PictureHead(str(image.format), width, height)


def _unreadable(content: bytes) -> str:
    """Whoever sends a good file of another kind is told that it is that, not that it is broken."""
    kind = next((kind for pattern, kind in OTHERS if pattern.match(content[:BEGINNING])), "")
    if not kind:
        return _("The picture can't be read. Send a PNG, JPEG or WebP file that opens elsewhere.")
    return _("This is %(kind)s. Send the picture as PNG, JPEG or WebP.") % {"kind": kind}


def _is_stored(key: str) -> bool:
    try:
        object_store().size(key)
    except ObjectMissingError:
        return False
    return True

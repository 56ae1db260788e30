"""Streams stored images to browsers through the site, so that the store's address stays out of pages."""

from collections.abc import Iterator
from itertools import chain
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _

from hub import keys
from hub.object_store import ObjectMissingError, object_store
from marketplace.accounts.models import User
from marketplace.errors import NotFound
from marketplace.generation.models import Generation
from marketplace.generation.pictures import SHA256
from marketplace.generation.previews import MEDIA_TYPE, preview_of
from marketplace.generation.selectors import outputs_may_train

R = TypeVar("R", bound=HttpResponseBase)

# What store_picture lets in, by how it begins.
HEADS = {b"\x89PNG": "image/png", b"\xff\xd8": "image/jpeg", b"RIFF": "image/webp"}
A_YEAR = 365 * 24 * 3600


def image_response(
    request: HttpRequest, key: str, sha256: str, media_type: str, *, public: bool = False, may_train: bool = True
) -> HttpResponseBase:
    """The object under `key`, or 304 where the browser holds it. Raises NotFound when nothing is stored.

    `public` lets shared caches keep it, which is right for examples and wrong for a buyer's own images. Where the images
    may not train models, the headers by which machines are told so come with it.
    """
    etag = f'"{sha256}"'
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or StreamingHttpResponse(
        _stored(key), content_type=media_type
    )
    response["ETag"] = etag
    # The bytes under a hash never change.
    response["Cache-Control"] = f"{'public' if public else 'private'}, max-age={A_YEAR}, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    # Whatever a worker stored, a browser that opens it runs nothing.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response if may_train else forbid_training(response)


def forbid_training(response: R) -> R:
    """Tell machines that what is in here may not train models."""
    response["X-Robots-Tag"] = "noai, noimageai"
    response["tdm-reservation"] = "1"
    return response


def generation_image(request: HttpRequest, generation: Generation) -> HttpResponseBase:
    """The image of a finished generation. Raises NotFound for one that has none."""
    if generation.state != Generation.State.SUCCEEDED:
        raise NotFound(_("There is no image yet."), code="no_image")
    return image_response(
        request,
        generation.image_key,
        generation.image_sha256,
        generation.image_media_type,
        may_train=outputs_may_train(generation),
    )


def generation_preview(generation: Generation) -> HttpResponse:
    """What a running generation looks like so far. Raises NotFound where there is nothing to see."""
    content = preview_of(generation)
    if content is None:
        raise NotFound(_("There is no preview right now."), code="no_preview")
    response = HttpResponse(content, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response if outputs_may_train(generation) else forbid_training(response)


def own_picture(request: HttpRequest, owner: User, sha256: str) -> HttpResponseBase:
    """A picture or mask that the owner sent. Raises NotFound for what they have not."""
    key = keys.picture(owner.pk, sha256)
    if not SHA256.fullmatch(sha256):
        raise NotFound(_("You have sent no such picture."), code="unknown_picture")
    try:
        head = b"".join(object_store().stream(key, 0, max(map(len, HEADS)) - 1))
    except ObjectMissingError as error:
        raise NotFound(_("You have sent no such picture."), code="unknown_picture") from error
    return image_response(request, key, sha256, next(kind for start, kind in HEADS.items() if head.startswith(start)))


def _stored(key: str) -> Iterator[bytes]:
    chunks = object_store().stream(key)
    try:
        # Read before the answer starts, so that a missing image is an answer of its own.
        first = next(chunks, b"")
    except ObjectMissingError as error:
        raise NotFound(_("This image is no longer stored."), code="image_missing") from error
    return chain([first], chunks)

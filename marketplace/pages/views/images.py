"""Pictures, streamed from the store: examples for everyone, a buyer's own, and those they sent, for them alone."""

from mimetypes import guess_extension
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from marketplace.catalogue.selectors import shown_example
from marketplace.generation.images import generation_image as image_of
from marketplace.generation.images import image_response, own_picture
from marketplace.generation.selectors import get_for_buyer
from marketplace.pages.people import signed_in
from marketplace.pages.views.licence import with_licence


@require_safe
def example(request: HttpRequest, example_id: int, sha256: str) -> HttpResponseBase:
    """The address holds the hash, so what caches keep is never out of date."""
    shown = shown_example(example_id, sha256)
    response = image_response(request, shown.image_key, sha256, "image/png", public=True, may_train=shown.may_train)
    return with_licence(request, response, shown.version) if shown.version else response


@require_safe
@login_required
def generation_image(request: HttpRequest, generation_id: UUID) -> HttpResponseBase:
    return image_of(request, get_for_buyer(signed_in(request), generation_id))


@require_safe
@login_required
def picture(request: HttpRequest, sha256: str) -> HttpResponseBase:
    return own_picture(request, signed_in(request), sha256)


@require_safe
@login_required
def generation_download(request: HttpRequest, generation_id: UUID) -> HttpResponseBase:
    """The same bytes as a file to keep."""
    generation = get_for_buyer(signed_in(request), generation_id)
    response = image_of(request, generation)
    ending = guess_extension(generation.image_media_type) or ""
    response["Content-Disposition"] = f'attachment; filename="irodori-{str(generation.pk)[:8]}{ending}"'
    return response

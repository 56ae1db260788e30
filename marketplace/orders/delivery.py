"""What was bought, handed over: the model's file as its creator uploaded it, or the finished picture."""

import io
from mimetypes import guess_extension

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from PIL import Image

from hub import keys
from hub.object_store import object_store
from marketplace.errors import NotFound
from marketplace.generation.images import forbid_training, generation_image
from marketplace.generation.selectors import outputs_may_train
from marketplace.licences.described import subject_of
from marketplace.licences.documents import DOCUMENTS
from marketplace.orders.models import Listing, Purchase
from marketplace.uploads.models import Upload

PREVIEW_SIDE = 512
MODEL_CARD = "md"
A_DAY = 24 * 3600


def purchased(request: HttpRequest, purchase: Purchase) -> HttpResponseBase:
    """Raises NotFound for a subscription, which has nothing to download."""
    if purchase.version is not None:
        return _model_file(request, purchase)
    if purchase.listing is None:
        raise NotFound(_("There is nothing to download here."))
    generation = purchase.listing.generation
    response = generation_image(request, generation)
    ending = guess_extension(generation.image_media_type) or ""
    return _attached(response, f"{purchase.listing.title}{ending}")


def preview(request: HttpRequest, listing: Listing) -> HttpResponseBase:
    """The picture at half its size, at most 512 pixels, for those who have not bought it."""
    generation = listing.generation
    etag = f'"{generation.image_sha256}-preview"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(_smaller(generation.image_key), content_type="image/webp")
    response["ETag"], response["Cache-Control"] = etag, f"public, max-age={A_DAY}"
    response["X-Content-Type-Options"] = "nosniff"
    return response if outputs_may_train(generation) else forbid_training(response)


def _smaller(key: str) -> bytes:
    image = Image.open(io.BytesIO(b"".join(object_store().stream(key)))).convert("RGB")
    side = min(PREVIEW_SIDE, max(image.size) // 2)
    image.thumbnail((side, side))
    content = io.BytesIO()
    image.save(content, "WEBP", quality=80)
    return content.getvalue()


def _model_file(request: HttpRequest, purchase: Purchase) -> HttpResponseBase:
    assert purchase.version is not None  # noqa: S101 - narrows the type: the caller has looked
    upload = purchase.version.pack.uploads.filter(state=Upload.State.READY).first()
    if upload is None:
        raise NotFound(_("This file is no longer stored. Write to the hub: you will get your credits back."))
    response = StreamingHttpResponse(
        object_store().stream(keys.source(upload.sha256)), content_type="application/octet-stream"
    )
    response["Content-Length"] = str(upload.size)
    card = f"{subject_of(purchase.version, request.build_absolute_uri('/')).uid}.{MODEL_CARD}"
    response["Link"] = f'<{card}>; rel="describedby"; type="{DOCUMENTS[MODEL_CARD].media_type}"'
    return _attached(response, upload.file_name)


def _attached(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response

"""What anyone may keep a copy of: the keys that sign receipts, and the signed list of revocations."""

import hashlib

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from hub.receipts import MEDIA_TYPE, key_set
from marketplace.partners.keys import receipt_keyring
from marketplace.partners.publishing import FRESH, revocation_list


@require_safe
def receipt_keys(_request: HttpRequest) -> JsonResponse:
    """A JSON Web Key set (RFC 7517): every key that signs or signed receipts."""
    response = JsonResponse(key_set(receipt_keyring().public))
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def revocations(request: HttpRequest) -> HttpResponseBase:
    """A JSON Web Signature in compact form; for five minutes the same to the byte."""
    text = revocation_list()
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()}"'
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or HttpResponse(
        text, content_type=MEDIA_TYPE
    )
    response["ETag"], response["Cache-Control"] = etag, f"public, max-age={int(FRESH.total_seconds())}"
    return response

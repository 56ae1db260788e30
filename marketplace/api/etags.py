"""ETags: what has not changed is not sent again, and what has changed is not overwritten unseen."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from marketplace.api.renderers import PlainJSONRenderer
from marketplace.errors import Changed

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the state that you have seen. In another state nothing is changed, and the answer is 412.",
)


def with_etag(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The answer with an ETag, or 304 where the caller has it. Files bring their own; what may not be kept has none."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or not isinstance(response, HttpResponse):
        return response
    if "no-store" in response.get("Cache-Control", ""):
        return response
    response.setdefault("ETag", _etag(response.content))
    if "If-None-Match" not in request.headers:
        return response
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def refuse_if_changed(request: Request, now: Any) -> None:
    """`now` is the data that a GET would answer. Raises Changed where If-Match names another state."""
    if "If-Match" not in request.headers:
        return
    seen = parse_etags(request.headers["If-Match"])
    if seen != ["*"] and _etag(PlainJSONRenderer().render(now)) not in seen:
        raise Changed(_("This has changed since you saw it. Get it again, and decide anew."), code="changed_meanwhile")


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'

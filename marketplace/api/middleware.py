"""What holds for every answer below /api/v1/: bodies have a length, and answers an ETag and the caller's standing."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from marketplace.api.bodies import has_no_length
from marketplace.api.errors import LENGTH_REQUIRED, plain_answer
from marketplace.api.etags import with_etag
from marketplace.api.limits.headers import say_limits

API = "/api/v1/"


class ApiMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._answer(request)
        say_limits(request, response)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(API):
            return self.get_response(request)
        if has_no_length(request):
            return plain_answer(LENGTH_REQUIRED)
        return with_etag(request, self.get_response(request))

"""What holds for every answer of the hub's own API: bodies get a length, and answers an ETag and the caller's standing."""

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from django.http.response import HttpResponseBase

from marketplace.api.bodies import give_length
from marketplace.api.errors import BODY_BROKE_OFF, BODY_TOO_LARGE, plain_answer
from marketplace.api.etags import with_etag
from marketplace.api.limits.headers import say_limits

ROOT, API = "/api/", "/api/v1/"


class ApiMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._answer(request)
        say_limits(request, response)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(ROOT):
            try:
                give_length(request)
            except RequestDataTooBig:
                return plain_answer(BODY_TOO_LARGE)
            except UnreadablePostError:
                return plain_answer(BODY_BROKE_OFF)
        response = self.get_response(request)
        return with_etag(request, response) if request.path.startswith(API) else response

"""Shows a refusal as a page, with the status that the API would answer."""

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render

from marketplace.api.bodies import give_length
from marketplace.api.errors import BODY_BROKE_OFF, BODY_TOO_LARGE, Sentence, http_status
from marketplace.errors import Refusal

# What is below reads bodies itself, once it knows who asks, and refuses in words of its own.
OTHERS = ("/api/", "/v1/", "/oauth/")


class RefusalMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(OTHERS):
            try:
                give_length(request)
            except RequestDataTooBig:
                return _body_refused(request, BODY_TOO_LARGE)
            except UnreadablePostError:
                return _body_refused(request, BODY_BROKE_OFF)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refusal):
            return None
        return _page(request, error, http_status(error))


def _body_refused(request: HttpRequest, sentence: Sentence) -> HttpResponse:
    return _page(request, Refusal(str(sentence.text), code=sentence.code), sentence.status)


def _page(request: HttpRequest, refusal: Refusal, status: int) -> HttpResponse:
    return render(request, "refusal.html", {"refusal": refusal}, status=status)

"""A generation as an answer: at once, or later where the request prefers to wait."""

from collections.abc import Mapping
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.api.auth import person
from marketplace.api.later import preferred_wait, rendered
from marketplace.generation import selectors
from marketplace.generation.estimates import seconds_to_wait
from marketplace.generation.lifecycle import OPEN
from marketplace.generation.models import Generation
from marketplace.generation.serializers import GenerationSerializer
from marketplace.generation.waiting import when_ended
from marketplace.generation.watching import watcher


def answer_of(request: Request, generation: Generation) -> Response:
    return Response(GenerationSerializer(generation, context={"request": request}).data)


def answer_or_wait(
    view: APIView,
    request: Request,
    id: UUID,  # noqa: A002 - the name in the address and in OpenAPI
    code: int = status.HTTP_200_OK,
    headers: Mapping[str, str] | None = None,
) -> HttpResponseBase:
    """The image as it is; or, where the request prefers to wait and it is not finished, as it is later.

    Where as many wait as can, it is answered at once: a preference is no order.
    """
    buyer, wait = person(request), preferred_wait(request)
    found = selectors.get_for_buyer(buyer, id)

    def answer(generation: Generation, granted: Mapping[str, str]) -> Response:
        response = answer_of(request, generation)
        response.status_code = code
        again = {"Retry-After": _again(response)} if generation.state in OPEN else {}
        for name, value in {**(headers or {}), **granted, **again}.items():
            response[name] = value
        return response

    if not wait or watcher.crowded:
        return answer(found, {})
    granted = {"Preference-Applied": f"wait={wait}"}
    if found.state not in OPEN:
        return answer(found, granted)

    def later(_in_time: bool) -> HttpResponseBase:
        return rendered(view, request, lambda: answer(selectors.get_for_buyer(buyer, id), granted))

    return when_ended(request._request, [id], wait, later)


def _again(response: Response) -> str:
    """When it is worth asking again."""
    return str(seconds_to_wait(response.data["eta_seconds"]))

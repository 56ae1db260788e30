"""`Prefer: wait=N` (RFC 7240): who asks for it gets the answer when there is something to say, not at once."""

import re
from collections.abc import Callable

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hub.settings.site import site_config

WAIT = re.compile(r'wait\s*=\s*"?(\d{1,6})"?\s*(;.*)?', re.IGNORECASE)
PREFER = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description="`wait=20` gives the answer when the image is done, or after 20 seconds as it is then. "
    "`Preference-Applied` says how long was granted.",
)


def preferred_wait(request: Request) -> int | None:
    """Seconds, no more than the site grants; None where nothing, or no number, is asked for."""
    for preference in request.headers.get("Prefer", "").split(","):
        if found := WAIT.fullmatch(preference.strip()):
            return min(int(found[1]), int(site_config().longest_wait_seconds))
    return None


def rendered(view: APIView, request: Request, make: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What the view would answer, refusals too, made after it has returned."""
    try:
        response = make()
    except Exception as error:  # noqa: BLE001 - the framework's own boundary, which raises again what it does not know
        response = view.handle_exception(error)
    answer: HttpResponseBase = view.finalize_response(request, response)  # type: ignore[arg-type]  # takes any answer
    return answer.render() if isinstance(answer, Response) else answer

"""`Idempotency-Key`: a request that is sent again, because its answer was lost, has its effect once and the same answer.

The answer is saved in the transaction of the effect, so that neither can be without the other whatever is killed in between.
A refusal has no effect and is not saved: the same key may be tried again when its reason is gone.
"""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.api.auth import person
from marketplace.api.models import SavedAnswer
from marketplace.errors import Conflict, InvalidInput

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
# Those that make another order of the same body.
TELLING_HEADERS = ("Irodori-Grant", "Irodori-Territory")
# Visible ASCII, as header values are.
KEY = re.compile(r"[!-~]{1,255}")
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="A name of your own for this request, of up to 255 visible ASCII characters. Sent again with the same "
    "body, it has its effect once and gets the same answer.",
)
View = Callable[..., Response]


def answered_once(view: View) -> View:
    """For a view's method that writes: its effect and answer are one transaction under the key, where one is sent.

    Raises InvalidInput for a key that is none, Conflict for one that was used for another request.
    """

    @wraps(view)
    def answer(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return view(self, request, *args, **kwargs)
        _check(key)
        with transaction.atomic():
            saved = _claimed(request, key)
            if saved.status is not None:
                return _saved_response(saved, {REPLAYED: "true"})
            _save(saved, view(self, request, *args, **kwargs))
            return _saved_response(saved, {})

    return answer


def tells_a_secret(view: View) -> View:
    """For a view's method whose answer is a secret, which no table keeps: a key is refused, so that nobody relies on it."""

    @wraps(view)
    def answer(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        if HEADER in request.headers:
            message = _(
                "This answer holds a secret and is not kept, so it can't be sent again. Leave %(header)s out; where the "
                "answer is lost, revoke what was made or rotate it again."
            )
            raise InvalidInput(message % {"header": HEADER}, code="idempotency_key_not_taken")
        return view(self, request, *args, **kwargs)

    return answer


def _check(key: str) -> None:
    if not KEY.fullmatch(key):
        message = _("An Idempotency-Key has 1 to 255 visible ASCII characters. Send a UUID, for example.")
        raise InvalidInput(message, code="bad_idempotency_key")


def _claimed(request: Request, key: str) -> SavedAnswer:
    """The row of this key, locked. Of two requests the second waits here until the first is answered or refused."""
    who, sha256 = person(request), _sha256(request)
    # A plain insert would end this transaction where the key stands already.
    SavedAnswer.objects.bulk_create([SavedAnswer(person=who, key=key, request_sha256=sha256)], ignore_conflicts=True)
    saved = SavedAnswer.objects.select_for_update().get(person=who, key=key)
    if saved.request_sha256 != sha256:
        message = _("This Idempotency-Key was used for another request. Send a new key, or the same request again.")
        raise Conflict(message, code="idempotency_key_reused")
    return saved


def _sha256(request: Request) -> str:
    told = "".join(f"{name}: {request.headers[name]}\n" for name in TELLING_HEADERS if name in request.headers)
    return hashlib.sha256(f"{request.method} {request.path}\n{told}".encode() + request._request.body).hexdigest()


def _save(saved: SavedAnswer, response: Response) -> None:
    saved.status, saved.body = response.status_code, JSONRenderer().render(response.data).decode()
    saved.location = response.headers.get("Location", "")
    saved.save(update_fields=["status", "body", "location"])


def _saved_response(saved: SavedAnswer, headers: dict[str, str]) -> Response:
    headers |= {"Location": saved.location} if saved.location else {}
    return Response(json.loads(saved.body), saved.status, headers=headers)

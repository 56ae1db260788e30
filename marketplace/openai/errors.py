"""The one place where refusals take this API's own shape: `{"error": {"message", "type", "param", "code"}}`."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    MethodNotAllowed,
    NotAuthenticated,
    Throttled,
    UnsupportedMediaType,
)
from rest_framework.response import Response

from marketplace.dialects.errors import FILE_SIZE, MISSING, NO_PICTURE, WRONG, Refused
from marketplace.errors import NotAllowed, NotEnoughCredit, NotFound, Refusal, Unavailable
from marketplace.openai.tables import CODES

log = structlog.get_logger(__name__)

# Codes of the hub's own refusals, and of what is shared with other APIs, that have a name here; the families below
# name the rest.
NAMES = {
    MISSING: "missing_required_parameter",
    WRONG: "invalid_value",
    FILE_SIZE: "invalid_image_file",
    NO_PICTURE: "invalid_image_file",
    "picture_too_large": "invalid_image_file",
    "prompt_blocked": "moderation_blocked",
    "opted_out_name": "moderation_blocked",
    "server_error": "server_error",
}
FAMILIES: tuple[tuple[type[Refusal], str], ...] = (
    (NotEnoughCredit, "insufficient_quota"),
    (NotAllowed, "insufficient_permissions"),
    (NotFound, "not_found"),
    (Unavailable, "unavailable"),
)
# What the hub calls a field -> what this API calls it.
FIELDS = {
    "width": "size",
    "height": "size",
    "steps": "quality",
    "picture": "image",
    "strength": "input_fidelity",
    "base_model": "model",
}


@dataclass(frozen=True)
class Answer:
    code: str
    message: str
    param: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> dict[str, Any]:
        kind = CODES[self.code][1]
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's hook for the views here: whatever was raised becomes an answer of the API."""
    answer, request_id = answer_of(error), uuid4().hex
    told(error, answer, id=request_id, path=context["request"].path)
    headers = {"x-request-id": request_id, **dict(answer.headers)}
    return Response(answer.body, CODES[answer.code][0], headers=headers)


def told(error: Exception, answer: Answer, **where: str) -> None:
    """Write it into the log: what broke with its trace."""
    if answer.code == "server_error" and not isinstance(error, Refusal):
        log.exception("openai.server_error", exc_info=error, **where)
    else:
        log.info("openai.refused", code=answer.code, reason=answer.message, **where)


def answer_of(error: Exception) -> Answer:
    if isinstance(error, Refusal):
        return _of_refusal(error)
    if isinstance(error, NotAuthenticated):
        return Answer("invalid_api_key", _("You didn't provide an API key. Send it as “Authorization: Bearer ...”."))
    if isinstance(error, AuthenticationFailed):
        return Answer("invalid_api_key", _("Incorrect API key provided. Make a token on the hub's account page."))
    if isinstance(error, MethodNotAllowed):
        return Answer("method_not_supported", _("This address takes other methods. The header “Allow” names them."))
    if isinstance(error, Throttled):
        wait = str(max(1, int(getattr(error, "wait", None) or 1)))
        message = _("Too many requests. Wait for %(seconds)s s and try again.") % {"seconds": wait}
        return Answer("rate_limit_exceeded", message, headers=(("Retry-After", wait),))
    if isinstance(error, RequestDataTooBig):
        return Answer("request_too_large", _("The body is longer than this address takes. Send less at once."))
    return Answer(*_of_framework(error))


def _of_refusal(refusal: Refusal) -> Answer:
    # What is refused here is named as it was sent.
    param = refusal.field if isinstance(refusal, Refused) else FIELDS.get(refusal.field or "", refusal.field)
    if isinstance(refusal, NotEnoughCredit):
        message = _("You exceeded your current quota: %(reason)s") % {"reason": refusal.message}
        # The program would only be refused again.
        return Answer("insufficient_quota", message, headers=(("x-should-retry", "false"),))
    message = f"{param}: {refusal.message}" if param else refusal.message
    return Answer(_code(refusal), message, param)


def _code(refusal: Refusal) -> str:
    if isinstance(refusal, Refused):
        return NAMES.get(refusal.code, refusal.code)
    family = next((name for family, name in FAMILIES if isinstance(refusal, family)), "invalid_value")
    return NAMES.get(refusal.code, family)


def _of_framework(error: Exception) -> tuple[str, str]:
    if isinstance(error, UnsupportedMediaType):
        return "invalid_body", _("content-type: generations takes application/json, edits multipart/form-data")
    if isinstance(error, UnreadablePostError):
        return "invalid_body", _("The body ended before it was whole. Send it again.")
    if isinstance(error, (SuspiciousOperation, APIException)):
        return "invalid_body", _("The body can't be read. Send what the content type says, in UTF-8.")
    return "server_error", _("The server had an error while processing your request. Please try again.")

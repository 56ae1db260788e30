"""The one place where refusals take this API's own shape: `{"id", "name", "message"}` and its status codes."""

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

from marketplace.api.limits.throttles import too_many_failures
from marketplace.dialects.errors import FILE_SIZE, MISSING, NO_PICTURE, WRONG, Refused
from marketplace.errors import NotAllowed, NotEnoughCredit, NotFound, Refusal, Unavailable
from marketplace.stability.tables import STATUS

log = structlog.get_logger(__name__)

# Codes of the hub's own refusals, and of what is shared with other APIs, that have a name here; the families below
# name the rest.
NAMES = {
    MISSING: "bad_request",
    WRONG: "bad_request",
    FILE_SIZE: "invalid_file_size",
    "size_not_possible": "invalid_height_or_width",
    "picture_too_large": "invalid_image_dimensions",
    NO_PICTURE: "invalid_mime_type",
    "prompt_blocked": "invalid_prompts",
    "opted_out_name": "invalid_prompts",
    "server_error": "server_error",
}
FAMILIES: tuple[tuple[type[Refusal], str], ...] = (
    (NotEnoughCredit, "insufficient_balance"),
    (NotAllowed, "permission_denied"),
    (NotFound, "not_found"),
    (Unavailable, "server_error"),
)
# What the hub calls a field -> what this API calls it.
FIELDS = {
    "prompt": "text_prompts",
    "negative_prompt": "text_prompts",
    "guidance_scale": "cfg_scale",
    "scheduler": "sampler",
    "adapters": "extras.adapters",
    "strength": "image_strength",
    "picture": "init_image",
    "mask": "mask_image",
    "base_model": "engine",
}


@dataclass(frozen=True)
class Answer:
    name: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's hook for the views here: whatever was raised becomes an answer of the API."""
    if isinstance(error, (NotAuthenticated, AuthenticationFailed)):
        error = too_many_failures(context["request"], context["view"]) or error
    answer, error_id = _answer(error), uuid4().hex
    path = context["request"].path
    if answer.name == "server_error" and not isinstance(error, Refusal):
        # The boundary to everything below: a program must be able to read this answer too.
        log.exception("stability.server_error", id=error_id, path=path, exc_info=error)
    else:
        log.info("stability.refused", id=error_id, path=path, name=answer.name, reason=answer.message)
    body = {"id": error_id, "name": answer.name, "message": answer.message}
    return Response(body, STATUS[answer.name], headers=dict(answer.headers))


def _answer(error: Exception) -> Answer:
    if isinstance(error, Refusal):
        return Answer(_name(error), _message(error))
    if isinstance(error, NotAuthenticated):
        return Answer("unauthorized", _("missing authorization header"))
    if isinstance(error, AuthenticationFailed):
        return Answer("unauthorized", _("This key is not valid. Make one on the hub's pages for developers."))
    if isinstance(error, MethodNotAllowed):
        return Answer("method_not_allowed", _("This address takes other methods. The header “Allow” names them."))
    if isinstance(error, Throttled):
        wait = str(max(1, int(getattr(error, "wait", None) or 1)))
        message = _("Too many requests. Wait for %(seconds)s s and try again.") % {"seconds": wait}
        return Answer("rate_limit_exceeded", message, (("Retry-After", wait),))
    if isinstance(error, RequestDataTooBig):
        return Answer("invalid_file_size", _("The body is longer than this address takes. Send less at once."))
    return Answer(*_of_framework(error))


def _of_framework(error: Exception) -> tuple[str, str]:
    if isinstance(error, UnsupportedMediaType):
        return "bad_request", _("content-type: text-to-image takes application/json, the others multipart/form-data")
    if isinstance(error, UnreadablePostError):
        return "bad_request", _("The body ended before it was whole. Send it again.")
    if isinstance(error, (SuspiciousOperation, APIException)):
        return "bad_request", _("The body can't be read. Send what the content type says, in UTF-8.")
    return "server_error", _("An unexpected server error occurred, please try again.")


def _name(refusal: Refusal) -> str:
    if isinstance(refusal, Refused):
        return NAMES.get(refusal.code, refusal.code)
    family = next((name for family, name in FAMILIES if isinstance(refusal, family)), "bad_request")
    return NAMES.get(refusal.code, family)


def _message(refusal: Refusal) -> str:
    field = FIELDS.get(refusal.field or "", refusal.field)
    return f"{field}: {refusal.message}" if field else refusal.message

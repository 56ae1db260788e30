"""The one place where refusals become HTTP."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import JsonResponse, UnreadablePostError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.handler import exception_handler as standardized_handler
from rest_framework import status
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    ErrorDetail,
    NotAuthenticated,
    ValidationError,
)
from rest_framework.response import Response

from marketplace.accounts.scopes import InsufficientScope
from marketplace.api.limits.throttles import too_many_failures
from marketplace.errors import (
    Changed,
    Conflict,
    InvalidInput,
    ManyRefusals,
    NotAllowed,
    NotEnoughCredit,
    NotFound,
    Refusal,
    Unavailable,
)

HTTP_STATUS: dict[type[Refusal], int] = {
    InvalidInput: status.HTTP_400_BAD_REQUEST,
    NotEnoughCredit: status.HTTP_402_PAYMENT_REQUIRED,
    NotAllowed: status.HTTP_403_FORBIDDEN,
    NotFound: status.HTTP_404_NOT_FOUND,
    Conflict: status.HTTP_409_CONFLICT,
    Changed: status.HTTP_412_PRECONDITION_FAILED,
    Unavailable: status.HTTP_503_SERVICE_UNAVAILABLE,
}


LONGEST_DETAIL = 500


@dataclass(frozen=True)
class Sentence:
    """What is said instead of a framework's own words, which name no way out."""

    status: int
    code: str
    text: Promise


BODY_TOO_LARGE = Sentence(413, "body_too_large", _("The body is longer than this address takes. Send less at once."))
BODY_BROKE_OFF = Sentence(400, "body_broke_off", _("The body ended before it was whole. Send it again."))
SENTENCES = (
    BODY_TOO_LARGE,
    BODY_BROKE_OFF,
    Sentence(400, "blank", _("This can't be empty. Write something.")),
    Sentence(400, "null", _("This can't be null. Send a value.")),
    Sentence(400, "required", _("This is missing. Send it.")),
    Sentence(400, "parse_error", _("The body is not JSON that can be read. Send one JSON object, in UTF-8.")),
    Sentence(400, "too_many_items", _("A list in here is longer than any may be, or too many lie within each other.")),
    Sentence(401, "not_authenticated", _("Sign in, or send a key: “Authorization: Bearer ...”.")),
    Sentence(401, "authentication_failed", _("This key is not valid. Make a new one on the developers' pages.")),
    Sentence(405, "method_not_allowed", _("This address takes other methods. The header “Allow” names them.")),
    Sentence(406, "not_acceptable", _("Answers here are JSON. Ask for application/json.")),
    Sentence(415, "unsupported_media_type", _("Send the body as application/json.")),
    Sentence(429, "throttled", _("Too many requests. Wait as many seconds as the header “Retry-After” says.")),
)


def http_status(refusal: Refusal) -> int:
    """The status of the nearest family in the table."""
    for family in type(refusal).__mro__:
        if family in HTTP_STATUS:
            return HTTP_STATUS[family]
    return status.HTTP_400_BAD_REQUEST


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: one error shape for refusals, validation errors and everything else."""
    if isinstance(error, Refusal):
        return _answer(_as_api_exception(error), context)
    if isinstance(error, RequestDataTooBig):
        error = _framed(BODY_TOO_LARGE)
    elif isinstance(error, UnreadablePostError):
        error = _framed(BODY_BROKE_OFF)
    elif isinstance(error, (AuthenticationFailed, NotAuthenticated)):
        error = too_many_failures(context["request"], context["view"]) or error
    response = _answer(error, context)
    if response is not None:
        _put_in_our_words(response.data["errors"])
    return response


def plain_answer(sentence: Sentence) -> JsonResponse:
    """The same shape where no view is asked."""
    error = {"code": sentence.code, "detail": str(sentence.text), "attr": None}
    return JsonResponse({"type": "client_error", "errors": [error]}, status=sentence.status)


def _answer(error: Exception, context: dict[str, Any]) -> Response | None:
    response: Response | None = standardized_handler(error, context)
    return response


def _put_in_our_words(errors: list[dict[str, Any]]) -> None:
    ours = {sentence.code: sentence.text for sentence in SENTENCES}
    for error in errors:
        error["detail"] = _as_text(str(ours.get(error["code"], error["detail"])))


def _as_text(detail: str) -> str:
    """Frameworks repeat what was sent, however long, and half a character can't be sent back."""
    text = detail.encode(errors="replace").decode()
    return text if len(text) <= LONGEST_DETAIL else f"{text[:LONGEST_DETAIL]}…"


def _framed(sentence: Sentence) -> APIException:
    exception = APIException(code=sentence.code)
    exception.status_code = sentence.status
    return exception


def _as_api_exception(refusal: Refusal) -> APIException:
    if isinstance(refusal, ManyRefusals):
        return ValidationError(
            {path: [ErrorDetail(each.message, each.code)] for path, each in refusal.refusals.items()}
        )
    exception = APIException({refusal.field: [refusal.message]} if refusal.field else refusal.message, refusal.code)
    exception.status_code = http_status(refusal)
    if isinstance(refusal, InsufficientScope):
        # Read by the framework's handler, as RFC 6750 wants it said.
        exception.auth_header = f'Bearer error="insufficient_scope", scope="{refusal.scope}"'  # type: ignore[attr-defined]  # set by it on some errors alone
    return exception

"""The one place where refusals become HTTP."""

from typing import Any

from drf_standardized_errors.handler import exception_handler as standardized_handler
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from marketplace.errors import (
    Conflict,
    InvalidInput,
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
    Unavailable: status.HTTP_503_SERVICE_UNAVAILABLE,
}


def http_status(refusal: Refusal) -> int:
    """The status of the nearest family in the table."""
    for family in type(refusal).__mro__:
        if family in HTTP_STATUS:
            return HTTP_STATUS[family]
    return status.HTTP_400_BAD_REQUEST


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: one error shape for refusals, validation errors and everything else."""
    response: Response | None = standardized_handler(
        _as_api_exception(error) if isinstance(error, Refusal) else error, context
    )
    return response


def _as_api_exception(refusal: Refusal) -> APIException:
    exception = APIException({refusal.field: [refusal.message]} if refusal.field else refusal.message, refusal.code)
    exception.status_code = http_status(refusal)
    return exception

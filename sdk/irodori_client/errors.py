"""What can go wrong, as exceptions whose text is a sentence for people.

`IrodoriError` is the family. An `ApiError` is a refusal by the hub; its `code` never changes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from irodori_client.effects import Answer


class IrodoriError(Exception):
    """Something the caller can read and act on. `code` never changes once released."""

    code = "client_error"


class UsageError(IrodoriError):
    """What the caller gave can't be sent at all. The text never holds the key."""

    code = "usage"


class UnreachableError(IrodoriError):
    """No usable answer: the hub or its store is down, or what answers is no hub."""

    code = "unreachable"


class TooSlowError(IrodoriError):
    """What was waited for is not there in time. It goes on at the hub."""

    code = "too_slow"


class FailedError(IrodoriError):
    """The hub took the order or the file and could not finish it. Nothing was paid."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class CancelledError(FailedError):
    """It was cancelled before it was finished."""


class DamagedError(IrodoriError):
    """What arrived is not what the hub said it would be, or a proof does not hold."""

    code = "damaged"


@dataclass(frozen=True)
class Problem:
    """One of the reasons of a refusal; `field` names what it is about where it is about one."""

    code: str
    message: str
    field: str | None = None


class ApiError(IrodoriError):
    """The hub said no. `code`, `message` and `field` are the first problem's; `problems` are all of them."""

    def __init__(
        self,
        problems: tuple[Problem, ...],
        *,
        status: int,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        first = problems[0]
        super().__init__(f"{first.field}: {first.message}" if first.field else first.message)
        self.problems = problems
        self.code = first.code
        self.message = first.message
        self.field = first.field
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after


class InvalidInputError(ApiError):
    """400, 405, 406, 413, 415, 422: send something else."""


class AuthenticationError(ApiError):
    """401: the key is missing or not valid."""


class NotEnoughCreditError(ApiError):
    """402: nothing was held. Top up and send the same again."""


class NotAllowedError(ApiError):
    """403."""


class NotFoundError(ApiError):
    """404: it does not exist, or is somebody else's."""


class ConflictError(ApiError):
    """409, 412: it can't be done now."""


class RateLimitedError(ApiError):
    """429: `retry_after` says how many seconds to wait."""


class UnavailableError(ApiError):
    """5xx: try again later."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: AuthenticationError,
    402: NotEnoughCreditError,
    403: NotAllowedError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    429: RateLimitedError,
}


def error_of(answer: Answer) -> IrodoriError:
    """The exception that an answer without success is."""
    problems = _problems(answer.content)
    if not problems:
        return UnreachableError(
            f"The address answered {answer.status} without a reason. Is it a hub's? If so, try again in a minute."
        )
    family = UnavailableError if answer.status >= 500 else _BY_STATUS.get(answer.status, InvalidInputError)
    return family(
        problems,
        status=answer.status,
        request_id=answer.headers.get("x-request-id"),
        retry_after=retry_after(answer.headers),
    )


def _problems(content: bytes) -> tuple[Problem, ...]:
    """Empty for a body that no hub writes."""
    try:
        errors = json.loads(content)["errors"]
        return tuple(Problem(str(each["code"]), str(each["detail"]), each.get("attr")) for each in errors)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that the header Retry-After asks for, as a number or a date (RFC 9110); None without a usable one."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())

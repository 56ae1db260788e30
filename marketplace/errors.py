"""Refusals: what the hub will not do, in words the caller can act on.

Services raise a subclass with a stable `code`; `marketplace.api.errors` maps the families below to HTTP, and is the
only place that does.
"""

from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an accident
    """`code` never changes once released; `message` is a translated sentence that says what to do."""

    code = "refused"

    def __init__(self, message: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field


class InvalidInput(Refusal):
    code = "invalid"


class ManyRefusals(InvalidInput):
    """Several at once, by the field that each is about: a dotted path into what was sent."""

    def __init__(self, message: str, refusals: Mapping[str, Refusal]) -> None:
        super().__init__(message)
        self.refusals = refusals


class NotEnoughCredit(Refusal):
    code = "not_enough_credit"


class NotAllowed(Refusal):
    code = "not_allowed"


class NotFound(Refusal):
    code = "not_found"


class Conflict(Refusal):
    code = "conflict"


class Changed(Refusal):
    code = "changed"


class Unavailable(Refusal):
    code = "unavailable"

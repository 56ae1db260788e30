"""Refusals of an API that was first another's; each API says them by its own names."""

from marketplace.errors import Refusal

# What the modules here find beside the hub's own codes: each API has its own name for each.
MISSING, WRONG, FILE_SIZE = "missing_field", "wrong_field", "wrong_file_size"
NO_PICTURE = "not_a_picture"  # the hub's own code


class Refused(Refusal):
    """What an API refuses beyond the hub's own rules; `code` is a name of its own, or one that it translates."""

    def __init__(self, name: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message, code=name, field=field)

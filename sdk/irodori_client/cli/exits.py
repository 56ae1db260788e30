"""How the command ends, as a number that scripts can rely on."""

from enum import IntEnum

from irodori_client import errors


class Exit(IntEnum):
    OK = 0
    BUG = 1
    USAGE = 2
    SIGN_IN = 3
    REFUSED = 4
    CREDIT = 5
    UNAVAILABLE = 6
    FAILED = 7
    PARTLY = 8
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.OK: "Done.",
    Exit.BUG: "A mistake in this program. Please report it with what it printed.",
    Exit.USAGE: "Wrong usage: an option, a file or an address that can't be used. Nothing was sent.",
    Exit.SIGN_IN: "The key is missing or not valid. `iro login` keeps a new one.",
    Exit.REFUSED: "The hub refuses: not allowed, not found, or not with these words. Its sentence says why.",
    Exit.CREDIT: "Not enough credit. Nothing was held.",
    Exit.UNAVAILABLE: "No answer, not now, or not in time. Try again later.",
    Exit.FAILED: "The hub took it and could not finish it, or what came back does not hold. Nothing was paid.",
    Exit.PARTLY: "Of a batch, some pictures failed or were cancelled. The others are saved, and only they were paid.",
    Exit.INTERRUPTED: "Ctrl-C. An order that was under way is cancelled.",
}

_OF_ERRORS: tuple[tuple[type[errors.IrodoriError], Exit], ...] = (
    (errors.UsageError, Exit.USAGE),
    (errors.AuthenticationError, Exit.SIGN_IN),
    (errors.NotEnoughCreditError, Exit.CREDIT),
    (errors.RateLimitedError, Exit.UNAVAILABLE),
    (errors.UnavailableError, Exit.UNAVAILABLE),
    (errors.ApiError, Exit.REFUSED),
    (errors.UnreachableError, Exit.UNAVAILABLE),
    (errors.TooSlowError, Exit.UNAVAILABLE),
    (errors.FailedError, Exit.FAILED),
    (errors.DamagedError, Exit.FAILED),
)


def exit_of(error: errors.IrodoriError) -> Exit:
    """The first family in the table that the error belongs to."""
    return next((code for family, code in _OF_ERRORS if isinstance(error, family)), Exit.BUG)

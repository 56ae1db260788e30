"""Errors a plugin may raise, and that the core raises about plugins."""

from collections.abc import Iterable


class PluginError(Exception):
    """Base of everything in this module."""


class PluginUnavailableError(PluginError):
    """A component was asked for that no enabled plugin provides."""


class JobRefusedError(PluginError):
    """An engine will not run this job, now or later; the hold is voided and the buyer reads `message`.

    `code` is stable and lower_snake_case; `message` is a sentence that tells the buyer what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class EngineFullError(PluginError):
    """An engine can't start this job while its other runs hold what it needs; the loop tries again when one has ended."""


class UnsupportedFileError(PluginError):
    """An adapter format can't serve this file exactly; the upload is refused and the creator reads `message`.

    `names` are all the tensors or modules that it is about, where the sentence has room for `some` of them.
    """

    def __init__(self, code: str, message: str, names: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.names = tuple(sorted(names))


def some(names: Iterable[str], shown: int = 3) -> str:
    """The first few names and how many there are besides, for a sentence."""
    listed = sorted(names)
    return ", ".join(listed[:shown]) + (f" and {len(listed) - shown} more" if len(listed) > shown else "")

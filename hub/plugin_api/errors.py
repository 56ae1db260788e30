"""Errors a plugin may raise, and that the core raises about plugins."""


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
    """An adapter format can't serve this file exactly; the upload is refused and the creator reads `message`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

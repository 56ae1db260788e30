"""Why a file is refused after it arrived."""


class FileRefused(Exception):  # noqa: N818 - a refusal is an answer, not an accident
    """`code` never changes once released; `message` tells the creator what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

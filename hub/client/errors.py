"""What can go wrong, each a sentence for people."""


class HubError(Exception):
    """Something the caller can read and act on."""


class UsageError(HubError):
    """What the caller gave can't be sent at all. The text never holds the token."""


class UnreachableError(HubError):
    """No usable answer: the hub or its store is down, or takes too long."""


class RefusedError(HubError):
    """The hub said no; `code` is stable, `field` names what it is about where it is about one."""

    def __init__(self, message: str, *, status: int, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field

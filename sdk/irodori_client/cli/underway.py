"""The batch that a folder of pictures waits for, written there before it is ordered.

So the same command, after whatever ended the first, goes on with that batch and never orders it twice.
"""

from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, ValidationError

from irodori_client.errors import UsageError
from irodori_client.models import BatchOrder

NAME = ".iro-batch.json"


class Underway(BaseModel):
    """`key` makes the order happen once. `lines` are the numbers by which its pictures are named, in its order."""

    order: BatchOrder
    lines: tuple[int, ...]
    key: str = Field(default_factory=lambda: str(uuid4()))
    batch: UUID | None = None

    @classmethod
    def of(cls, folder: Path) -> "Underway | None":
        try:
            return cls.model_validate_json((folder / NAME).read_bytes())
        except (OSError, ValidationError):
            return None

    def keep(self, folder: Path) -> None:
        """Raises UsageError, before anything is ordered that would be forgotten."""
        make(folder)
        new = folder / f"{NAME}.new"
        try:
            new.write_text(self.model_dump_json())
            new.replace(folder / NAME)
        except OSError as error:
            raise UsageError(f"{folder} can't be written to ({error.strerror}).") from error


def make(folder: Path) -> None:
    """Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} can't be made ({error.strerror}).") from error


def forget(folder: Path) -> None:
    with suppress(OSError):
        (folder / NAME).unlink()

"""Saves the images of a batch as they come, and tells of each."""

import hashlib
import math
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from irodori_client.cli.exits import Exit
from irodori_client.cli.lines import picture_of
from irodori_client.cli.session import Session
from irodori_client.client import Client
from irodori_client.errors import DamagedError, NotFoundError, UsageError
from irodori_client.models import Batch, BatchItem

COLUMNS = (TextColumn("pictures"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rest]}"))


@dataclass
class Delivery:
    """Into `folder`, named by `lines`; by their own numbers, from 1, where there are none."""

    session: Session
    client: Client
    folder: Path
    lines: tuple[int, ...] = ()
    saved: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)

    @property
    def exit(self) -> Exit:
        if not self.failed:
            return Exit.OK
        return Exit.PARTLY if self.saved else Exit.FAILED

    def take(self, id: UUID) -> None:  # noqa: A002 - the API's word
        """Everything, until the last image has ended."""
        with self.session.bars(*COLUMNS) as bars:
            bar = bars.add_task("", total=None, rest="")

            def tell(now: Batch) -> None:
                bars.update(bar, total=now.size, rest=_rest(now))

            for item in self.client.batches.results(id, progress=tell, timeout=math.inf):
                self._take(id, item)
                bars.advance(bar)

    def take_finished(self, id: UUID) -> None:  # noqa: A002 - as above
        """What there is of a batch that is over, and no word of the rest."""
        for item in self.client.batches.items(id):
            if item.image and item.number not in self.saved:
                self._take(id, item)

    def _take(self, batch: UUID, item: BatchItem) -> None:
        file = picture_of(self.folder, self.lines[item.number] if self.lines else item.number + 1)
        failure = self._failure(item, file)
        (self.failed if failure else self.saved).add(item.number)
        number = int(file.stem)
        told = {"line": number, "file": None if failure else str(file), "batch": batch, "item": item}
        self.session.out.result(
            told | {"failure": failure}, f"{number}: {failure['message']}" if failure else str(file)
        )

    def _failure(self, item: BatchItem, file: Path) -> dict[str, str] | None:
        """Why there is no picture; None once it is saved."""
        if item.failure:
            return {"code": item.failure.code, "message": item.failure.message}
        if item.image is None:
            return {"code": "cancelled", "message": "It was cancelled. Nothing was paid."}
        try:
            if not _is_there(file, item.image.sha256):
                self.client.batches.save(item, file)
        except (NotFoundError, DamagedError) as error:
            return {"code": error.code, "message": str(error)}
        return None


def _is_there(file: Path, sha256: str) -> bool:
    """Raises UsageError where another picture has its name."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UsageError(f"{file} can't be read ({error.strerror}).") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UsageError(
            f"{file} is another picture. Choose another folder with --output; the batch is kept at the hub."
        )
    return True


def _rest(now: Batch) -> str:
    eta = "" if now.eta_seconds is None else f", about {now.eta_seconds:.0f} s"
    return f"{now.counts.running} being drawn, {now.counts.queued} waiting{eta}" if not now.is_final else ""

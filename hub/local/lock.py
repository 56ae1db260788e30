"""One stack per data folder: two would share a database file and fight over the store's."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunningError(Exception):
    """Another stack holds this data folder; the text says what to do."""


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock file. It is free again when this process ends, however it ends. Raises AlreadyRunningError."""
    with path.open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            held.seek(0)
            raise AlreadyRunningError(
                f"Irodori already runs on {path.parent.parent} (process {held.read().strip() or 'unknown'}). "
                f"Stop that one, or choose another folder with --data-dir."
            ) from error
        held.truncate(0)
        held.write(f"{os.getpid()}\n")
        held.flush()
        yield

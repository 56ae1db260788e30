"""What of a file has arrived at the hub, kept on this machine so that an interrupted upload goes on where it stopped."""

import hashlib
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import platformdirs
from pydantic import BaseModel, ValidationError


class Arrived(BaseModel):
    """The upload at the hub, and the ETag of each part that the store has."""

    upload: UUID
    etags: dict[int, str] = {}


class Journal:
    """Of one file in its present state: a file that was changed has another journal, and is sent from the start."""

    def __init__(self, file: Path, base_model: str) -> None:
        about = file.stat()
        name = f"{file.resolve()}\n{about.st_size}\n{about.st_mtime_ns}\n{base_model}"
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
        self._path = platformdirs.user_state_path("irodori") / "uploads" / f"{digest[:32]}.json"

    def read(self) -> Arrived | None:
        try:
            return Arrived.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return None

    def write(self, arrived: Arrived) -> None:
        """Where nothing can be kept, the upload goes on; only an interruption costs more then."""
        with suppress(OSError):
            self._write(arrived)

    def _write(self, arrived: Arrived) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._path.with_suffix(".new")
        new.write_text(arrived.model_dump_json())
        new.replace(self._path)

    def forget(self) -> None:
        with suppress(OSError):
            self._path.unlink()

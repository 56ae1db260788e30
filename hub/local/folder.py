"""Where the embedded stack keeps what it writes: one data folder, so that removing it removes everything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class DataFolder:
    """The layout of `HUB_DATA_DIR`."""

    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def ledger_key(self) -> Path:
        """Signs the blocks of the ledger; `hub.signing` makes it."""
        return self.root / "ledger-key.pem"

    @property
    def receipt_key(self) -> Path:
        """Signs licence receipts; likewise."""
        return self.root / "receipt-key.pem"

    @property
    def state(self) -> Path:
        """What other processes may know of a running stack: address, broker, store, whether it is ready."""
        return self.run / "stack.json"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def pid(self, name: str) -> Path:
        return self.run / f"{name}.pid"

    def ready(self, name: str) -> Path:
        """Written by a worker when it can take jobs; `hub.ready` does it."""
        return self.run / f"{name}.ready"

    def create(self) -> None:
        # It holds secrets, uploads and the database: nobody else's business on a shared machine.
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.run, self.logs, self.store, self.root / "static"):
            folder.mkdir(exist_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty where there is no file."""
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: Mapping[str, Any], *, mode: int = 0o644) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.touch(mode=mode)
    temporary.write_text(json.dumps(value, indent=2) + "\n")
    temporary.replace(path)

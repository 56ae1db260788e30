"""How a worker tells the supervisor that it can take jobs, and that it no longer can."""

import os
from pathlib import Path

from hub.config import hub_config

PROCESS_NAME = "HUB_PROCESS_NAME"


def report_ready() -> None:
    """Write <data_dir>/run/<name>.ready, where a supervisor gave this process a name."""
    if path := _path():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{os.getpid()}\n")


def withdraw_ready() -> None:
    if path := _path():
        path.unlink(missing_ok=True)


def _path() -> Path | None:
    name = os.environ.get(PROCESS_NAME)
    return hub_config().data_dir / "run" / f"{name}.ready" if name else None

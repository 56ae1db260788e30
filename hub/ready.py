"""How a worker tells the supervisor that it can take jobs."""

import os

from hub.config import hub_config

PROCESS_NAME = "HUB_PROCESS_NAME"


def report_ready() -> None:
    """Write <data_dir>/run/<name>.ready, where a supervisor gave this process a name."""
    if name := os.environ.get(PROCESS_NAME):
        folder = hub_config().data_dir / "run"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.ready").write_text(f"{os.getpid()}\n")

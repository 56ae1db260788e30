"""Runs the whole embedded stack beside a test or a benchmark, by the very command that people use."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.local.children import start_child, stop_children
from hub.local.folder import DataFolder, read_json
from hub.local.servers import StartError, log_tail
from hub.local.stack import running_environment

PATIENCE_S = 300.0
STOP_PATIENCE_S = 20.0


@dataclass(frozen=True)
class RunningStack:
    """`env` is that of the stack's own processes: broker, store, keys; `pid` is its supervisor's."""

    url: str
    pid: int
    folder: DataFolder
    env: Mapping[str, str]

    def pid_of(self, name: str) -> int:
        """The process that now runs under this name, of those in hub.local.processes."""
        return int(self.folder.pid(name).read_text())


@contextmanager
def running_stack(
    data_dir: Path, *, seed: bool = False, port: int = 0, env: Mapping[str, str] | None = None
) -> Iterator[RunningStack]:
    """`irodori up` on free ports, ready, for as long as the block runs. Raises StartError."""
    folder = DataFolder(data_dir.resolve())
    folder.create()
    with starting_stack(folder, seed=seed, port=port, env=env) as process:
        yield wait_until_ready(folder, process)


@contextmanager
def starting_stack(
    folder: DataFolder, *, seed: bool = False, port: int = 0, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """As above, without waiting; yields the supervisor."""
    options = ("--port", str(port), "--seed" if seed else "--no-seed")
    command = (sys.executable, "-m", "hub.cli", "up", "--data-dir", str(folder.root), *options)
    for left_over in (folder.state, folder.log("up")):
        left_over.unlink(missing_ok=True)
    child = start_child(command, env={**_outside_of_tests(), **(env or {})}, log=folder.log("up"))
    try:
        yield child
    finally:
        stop_children([child], with_signal=signal.SIGTERM, patience_s=STOP_PATIENCE_S)


def wait_until_ready(folder: DataFolder, process: subprocess.Popen[bytes]) -> RunningStack:
    """Raises StartError with the log of `irodori up` when it gives up or takes too long."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        state = read_json(folder.state)
        if state.get("ready"):
            return RunningStack(state["url"], state["pid"], folder, running_environment(folder.root))
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise StartError(f"The stack did not become ready:\n{log_tail(folder.log('up'), lines=40)}")


def _outside_of_tests() -> dict[str, str]:
    """The caller's environment without settings, which in a test run are those of the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}

"""What a data folder needs before the stack starts on it; a second start finds it all done within milliseconds."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.local import shipped
from hub.local.children import start_child, stop_children
from hub.local.demo_styles import FILES
from hub.local.environment import uses_shipped_base
from hub.local.folder import DataFolder
from hub.local.servers import StartError, log_tail
from hub.local.stamp import is_stamped, migrations_stamp

PATIENCE_S = 300.0


@dataclass(frozen=True)
class Step:
    """A command that must have run once for this `stamp`; it is kept in the data folder."""

    name: str
    what: str
    command: tuple[str, ...]
    stamp: str


def prepare(
    folder: DataFolder, env: Mapping[str, str], say: Callable[[str], None], stopping: Callable[[], bool]
) -> None:
    """Run the steps that are due, side by side. Raises StartError with the log of one that failed, or what is missing."""
    if uses_shipped_base(env):
        shipped.require((*FILES, str(shipped.UPSCALER.relative_to(shipped.MODELS))))
    due = [step for step in _steps(env) if not is_stamped(_stamp_file(folder, step), step.stamp)]
    for step in due:
        say(step.what)
    running = [(step, start_child(step.command, env=env, log=folder.log(step.name))) for step in due]
    try:
        for step, process in running:
            _finish(folder, step, process, stopping)
    finally:
        stop_children([process for _, process in running], with_signal=signal.SIGKILL, patience_s=5)


def _steps(env: Mapping[str, str]) -> list[Step]:
    return [
        Step(
            "database",
            "Preparing the database ...",
            (sys.executable, "-m", "hub.local.database"),
            migrations_stamp(env.get("HUB_PLUGINS", ""), env["HUB_PLUGIN_CONFIG"]),
        )
    ]


def _finish(folder: DataFolder, step: Step, process: subprocess.Popen[bytes], stopping: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None:
        if stopping():
            return
        if time.monotonic() > deadline:
            raise StartError(_failure(folder, step, f"was not done after {PATIENCE_S:.0f} s"))
        time.sleep(0.05)
    if process.returncode != 0:
        raise StartError(_failure(folder, step, f"failed with exit code {process.returncode}"))
    _stamp_file(folder, step).write_text(step.stamp)


def _stamp_file(folder: DataFolder, step: Step) -> Path:
    return folder.run / f"{step.name}.stamp"


def _failure(folder: DataFolder, step: Step, what: str) -> str:
    log = folder.log(step.name)
    return f"{step.name} {what}. Its log, {log}, ends:\n{log_tail(log)}"

"""Starts a process that can't outlive this one, and stops it together with everything it started."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

DIE_WITH_PARENT = "HUB_DIE_WITH_PARENT"
PR_SET_PDEATHSIG = 1
MAX_LOG_BYTES = 10 * 2**20

# Loaded before any fork: a forked child of a threaded program must not take the import lock.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def start_child(
    command: Sequence[str], *, env: Mapping[str, str], log: Path, niceness: int = 0
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, its output appended to `log`.

    On Linux it dies when the calling thread does, however that happens.
    """
    _rotate(log)
    parent = os.getpid()

    def prepare() -> None:
        _die_with(parent)
        os.nice(niceness)

    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the command is ours
            list(command),
            env={**env, DIE_WITH_PARENT: "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=prepare,
        )


def die_with_parent() -> None:
    """For a process that a child of ours started: the promise to die with the parent is not inherited."""
    if os.environ.get(DIE_WITH_PARENT):
        _die_with(os.getppid())


def stop_children(children: Sequence[subprocess.Popen[bytes]], *, with_signal: int, patience_s: float) -> None:
    """Signal all, give them this long together, then kill what is left, with all it started."""
    for child in children:
        signal_group(child, with_signal)
    for child in children:
        try:
            child.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            patience_s = 0
        # Also after a tidy end: a helper of the process may have stayed behind.
        signal_group(child, signal.SIGKILL)
        child.wait()


def signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    """Signal a child and what it started. The group outlives its leader while any member does."""
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


def _die_with(parent: int) -> None:
    if _LIBC is None:
        return
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # It died before the promise was made.
        os._exit(1)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))

"""Starts the broker or the object store alone: what tests need when they need no whole stack."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.config import HubConfig
from hub.local.children import start_child, stop_children
from hub.local.folder import DataFolder
from hub.local.health import Check, redis_check, s3_check
from hub.local.ports import Ports
from hub.local.store import forget_sockets, store_command
from hub.object_store import ObjectStore

PATIENCE_S = 30.0
# Go's collector otherwise lets the store grow to 900 MB.
STORE_ENVIRONMENT = {"GOMEMLIMIT": "300MiB"}


class StartError(Exception):
    """A process of the stack did not become healthy; the text ends with the tail of its log."""


def broker_command(port: int) -> tuple[str, ...]:
    return (sys.executable, "-m", "hub.local.broker", str(port))


@contextmanager
def running_broker(folder: DataFolder, port: int) -> Iterator[None]:
    """The embedded broker, for as long as the block runs. Raises StartError."""
    with _running(folder, "broker", broker_command(port), redis_check(port)):
        yield


@contextmanager
def running_store(folder: DataFolder, ports: Ports, config: HubConfig) -> Iterator[ObjectStore]:
    """The embedded object store with the bucket of `config`, for as long as the block runs. Raises StartError."""
    command = store_command(folder, ports, config.s3_access_key, config.s3_secret_key)
    check = s3_check(ports.s3, config.s3_access_key, config.s3_secret_key)
    try:
        with _running(folder, "store", command, check):
            store = ObjectStore(config)
            store.ensure_bucket()
            yield store
    finally:
        forget_sockets(ports)


def log_tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for people who must know why a process died."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:]) or "(its log is empty)"


@contextmanager
def _running(folder: DataFolder, name: str, command: tuple[str, ...], healthy: Check) -> Iterator[None]:
    child = start_child(command, env={**os.environ, **STORE_ENVIRONMENT}, log=folder.log(name))
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not healthy():
            if child.poll() is not None or time.monotonic() > deadline:
                raise StartError(f"The {name} did not start. Its log ends:\n{log_tail(folder.log(name))}")
            time.sleep(0.1)
        yield
    finally:
        stop_children([child], with_signal=signal.SIGKILL, patience_s=5)

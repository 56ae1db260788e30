"""What tells a good pack from a damaged one: SHA-256 of the whole file once, then XXH3 of each MiB at every load."""

import hashlib
from pathlib import Path

from xxhash import xxh3_64_intdigest

CHUNK_BYTES = 2**20

Checksums = tuple[int, ...]
"""XXH3-64 of each MiB of a file, in order; the last may be shorter."""


class UnreadablePackError(Exception):
    """The file is no pack of a version we know; packs come from our own converter, so this is a fault of the hub."""

    def __init__(self, pack: str, reason: str) -> None:
        super().__init__(f"The pack {pack} {reason}")
        self.pack = pack


class DamagedPackError(Exception):
    """A pack's bytes are no longer those whose SHA-256 was checked, or gone. `pack` is its file's name, without the ending."""

    def __init__(self, pack: str) -> None:
        super().__init__(f"The pack {pack} has changed on this machine's disk since it was checked, or has left it.")
        self.pack = pack


def digests_of(path: Path) -> tuple[str, Checksums]:
    """SHA-256 of the file and its checksums, read once."""
    sha256, checksums = hashlib.sha256(), []
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            sha256.update(chunk)
            checksums.append(xxh3_64_intdigest(chunk))
    return sha256.hexdigest(), tuple(checksums)

"""Keeps adapter packs on this machine's disk by their hash, the longest unused leaving first."""

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

import structlog

from hub.jobs import AdapterUse
from hub.plugin_api import LocalPack

log = structlog.get_logger(__name__)

Fetch = Callable[[str], Iterable[bytes]]
CHUNK_BYTES = 2**20


class CorruptPackError(Exception):
    """What lies in the store under this hash is something else."""


class PackCache:
    """Packs are verified once per process: when they arrive, or when an earlier process left them.

    `fetch` streams an object of the store by its key.
    """

    def __init__(self, folder: Path, limit_bytes: int, fetch: Fetch) -> None:
        self.folder, self.limit_bytes, self.fetch = folder, limit_bytes, fetch
        self._verified: set[str] = set()
        self._held: Counter[str] = Counter()
        self._lock = Lock()
        self._locks: dict[str, Lock] = {}
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def hold(self, uses: Sequence[AdapterUse]) -> Iterator[list[LocalPack]]:
        """The packs on disk for the length of the block. Raises CorruptPackError, ObjectMissingError."""
        names = [use.pack_sha256 for use in uses]
        with self._lock:
            self._held.update(names)
        try:
            yield [LocalPack(use, self._present(use)) for use in uses]
        finally:
            with self._lock:
                self._held.subtract(names)
                self._held += Counter()  # Drops those that nobody holds.
            self._make_room()

    def _present(self, use: AdapterUse) -> Path:
        path = self.folder / f"{use.pack_sha256}.safetensors"
        with self._lock:
            lock = self._locks.setdefault(use.pack_sha256, Lock())
        with lock:
            if not self._is_good(path, use.pack_sha256):
                self._download(use, path)
                self._make_room()
            os.utime(path)
            self._verified.add(use.pack_sha256)
        return path

    def _is_good(self, path: Path, sha256: str) -> bool:
        if not path.is_file():
            return False
        if sha256 in self._verified:
            return True
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    def _download(self, use: AdapterUse, path: Path) -> None:
        digest = hashlib.sha256()
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".fetch-")
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in self.fetch(use.pack_key):
                    digest.update(chunk)
                    file.write(chunk)
            if digest.hexdigest() != use.pack_sha256:
                raise CorruptPackError(f"{use.pack_key} hashes to {digest.hexdigest()}.")
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Delete the longest unused packs until the rest fits; packs in use stay."""
        with self._lock:
            kept = self._oldest_first()
            excess = sum(size for _, _, size in kept) - self.limit_bytes
            for _, path, size in kept:
                if excess <= 0:
                    return
                if path.stem not in self._held:
                    path.unlink(missing_ok=True)
                    excess -= size
                    log.info("pack.evicted", pack=path.stem)

    def _oldest_first(self) -> list[tuple[float, Path, int]]:
        """Last use, path and size of every pack; another process may delete one meanwhile."""
        found = []
        for path in self.folder.glob("*.safetensors"):
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_mtime, path, status.st_size))
        return sorted(found)

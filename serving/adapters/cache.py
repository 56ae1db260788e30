"""Keeps adapter packs on this machine's disk by their hash, the longest unused leaving first."""

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

import structlog

from hub.jobs import AdapterUse
from hub.plugin_api import LocalPack, Tally, Tier
from serving.adapters.checksums import Checksums, digests_of

log = structlog.get_logger(__name__)

Fetch = Callable[[str], Iterable[bytes]]


class CorruptPackError(Exception):
    """What lies in the store under this hash is something else. `pack` is the hash, "" where nobody knows it."""

    pack = ""


class PackCache:
    """Packs are verified once per process: when they arrive, or when an earlier process left them.

    Whoever loads one compares it with the checksums that were taken then, and tells `doubt` where they differ.
    `fetch` streams an object of the store by its key.
    """

    def __init__(self, folder: Path, limit_bytes: int, fetch: Fetch) -> None:
        self.folder, self.limit_bytes, self.fetch = folder, limit_bytes, fetch
        self._reads = Tally()
        self._checksums: dict[str, Checksums] = {}
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
            yield [self._present(use) for use in uses]
        finally:
            with self._lock:
                self._held.subtract(names)
                self._held += Counter()  # Drops those that nobody holds.
            self._make_room()

    def tier(self) -> Tier:
        """How often packs were found on the disk, and what they fill of it."""
        used = sum(size for _, _, size in self._oldest_first())
        return self._reads.tier("disk", used_bytes=used, limit_bytes=self.limit_bytes)

    def verify(self) -> None:
        """Check what an earlier process left, before anybody asks for it; what is damaged goes."""
        for _, path, _ in reversed(self._oldest_first()):
            with self._lock_of(path.stem):
                if path.is_file() and self._checked(path, path.stem) is None:
                    path.unlink(missing_ok=True)
                    log.warning("pack.damaged", pack=path.stem)

    def doubt(self, sha256: str) -> None:
        """Whoever asks for this pack next has it verified again, and fetched again if it is damaged."""
        self._checksums.pop(sha256, None)

    def _present(self, use: AdapterUse) -> LocalPack:
        path = self.folder / f"{use.pack_sha256}.safetensors"
        with self._lock_of(use.pack_sha256):
            checksums = self._found(path, use.pack_sha256)
            if checksums is None:
                with self._reads.doing():
                    checksums = self._download(use, path)
                self._make_room()
            else:
                self._reads.find()
            return LocalPack(use, path, checksums)

    def _found(self, path: Path, sha256: str) -> Checksums | None:
        """As `_checked`. Told first that it is used now: another worker of this machine deletes what was long unused."""
        try:
            os.utime(path)
            return self._checked(path, sha256)
        except FileNotFoundError:
            return None

    def _lock_of(self, sha256: str) -> Lock:
        with self._lock:
            return self._locks.setdefault(sha256, Lock())

    def _checked(self, path: Path, sha256: str) -> Checksums | None:
        """None for a pack that is not here, or not as it should be."""
        if not path.is_file():
            return None
        if sha256 not in self._checksums:
            found, checksums = digests_of(path)
            if found != sha256:
                return None
            self._checksums[sha256] = checksums
        return self._checksums.get(sha256)

    def _download(self, use: AdapterUse, path: Path) -> Checksums:
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".fetch-")
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in self.fetch(use.pack_key):
                    file.write(chunk)
            found, checksums = digests_of(Path(name))
            if found != use.pack_sha256:
                raise CorruptPackError(f"{use.pack_key} hashes to {found}.")
            Path(name).replace(path)
            self._checksums[use.pack_sha256] = checksums
            return checksums
        except CorruptPackError as error:
            error.pack = use.pack_sha256
            raise
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

"""A pack's file mapped into memory: nothing is read before it is used, and nothing is used before it is checked."""

import json
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from xxhash import xxh3_64_intdigest

from hub.plugin_api import Shape
from serving.adapters.checksums import CHUNK_BYTES, Checksums, DamagedPackError

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class Stored(NamedTuple):
    """A tensor where it lies: `start` is its first byte in the file, `end` the one behind its last."""

    dtype: torch.dtype
    shape: Shape
    start: int
    end: int


class MappedPack:
    """`checksums` are those of the file when its SHA-256 was checked; without them its maker vouches for it.

    What it gives are views of the file, which live on after it. Every method raises DamagedPackError;
    any thread may call them.
    """

    def __init__(self, path: Path, checksums: Checksums = ()) -> None:
        self.name = path.stem
        try:
            self._map = self._mapped(path, checksums)
        except FileNotFoundError as error:
            # Another worker of this machine made room; it knows only what it holds itself.
            raise DamagedPackError(self.name) from error
        self._view = memoryview(self._map)
        self._bytes = torch.frombuffer(self._map, dtype=torch.uint8)
        self._checksums = checksums
        self._unchecked = set(range(len(checksums)))

    def _mapped(self, path: Path, checksums: Checksums) -> mmap.mmap:
        if checksums and len(checksums) != -(-path.stat().st_size // CHUNK_BYTES):
            raise DamagedPackError(self.name)
        with path.open("rb") as file:
            # A private copy on write, so that torch takes it for memory of its own; nobody writes.
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)

    def header(self) -> tuple[dict[str, str], dict[str, Stored]]:
        """The metadata, and every tensor by name. The converter wrote it, so it needs none of the upload's checks."""
        self._check(0, 8)
        data_at = 8 + int.from_bytes(self._view[:8], "little")
        if data_at > len(self._view):
            raise DamagedPackError(self.name)
        self._check(8, data_at)
        entries: dict[str, Any] = json.loads(bytes(self._view[8:data_at]))
        metadata = entries.pop("__metadata__", {})
        found = {name: _stored(entry, data_at) for name, entry in entries.items()}
        # A slice past the end would be shorter in silence, and a slot would keep what a former adapter left.
        if max((stored.end for stored in found.values()), default=0) > len(self._view):
            raise DamagedPackError(self.name)
        return metadata, found

    def tensor(self, stored: Stored) -> torch.Tensor:
        return self.items(stored.dtype, stored.start, stored.end).view(stored.shape)

    def items(self, dtype: torch.dtype, start: int, end: int) -> torch.Tensor:
        """These bytes, flat."""
        self._check(start, end)
        return self._bytes[start:end].view(dtype)

    def _check(self, start: int, end: int) -> None:
        for chunk in range(start // CHUNK_BYTES, -(-end // CHUNK_BYTES)):
            if chunk in self._unchecked:
                content = self._view[chunk * CHUNK_BYTES : (chunk + 1) * CHUNK_BYTES]
                if xxh3_64_intdigest(content) != self._checksums[chunk]:
                    raise DamagedPackError(self.name)
                self._unchecked.discard(chunk)


def chunks(start: int, end: int) -> Iterator[tuple[int, int]]:
    """These bytes in order, cut where those of a checksum end."""
    while start < end:
        stop = min(end, start - start % CHUNK_BYTES + CHUNK_BYTES)
        yield start, stop
        start = stop


def _stored(entry: dict[str, Any], data_at: int) -> Stored:
    start, end = entry["data_offsets"]
    return Stored(DTYPES[entry["dtype"]], tuple(entry["shape"]), data_at + start, data_at + end)

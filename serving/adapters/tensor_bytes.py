"""Reads the tensors of a checked file as bytes, with numpy alone: converting needs no tensor library."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hub.plugin_api import THIRDS, View
from hub.tensor_file import BYTES_PER_ITEM, FileHeader, TensorInfo, parse_header

Item = TypeVar("Item", bound=np.generic)
CHUNK_BYTES = 2**22
# Exponent bits: where all are set, the number is an infinity or no number.
EXPONENTS: dict[str, tuple[type[np.unsignedinteger], int]] = {
    "F32": (np.uint32, 0x7F800000),
    "F16": (np.uint16, 0x7C00),
    "BF16": (np.uint16, 0x7F80),
}
SCALARS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2"}


class TensorFile:
    """A safetensors file, mapped. Raises HeaderError where its header is none that the hub opens."""

    def __init__(self, path: Path) -> None:
        self._bytes = np.memmap(path, np.uint8, "r")
        self.header: FileHeader = parse_header(_header_bytes(path), path.stat().st_size)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The tensor's bytes, at most 4 MiB at a time."""
        for part in self._parts(name):
            yield part.tobytes()

    def is_finite(self, name: str) -> bool:
        """Has it no infinity and no NaN? For the types in EXPONENTS."""
        item, mask = EXPONENTS[self.header.tensors[name].dtype]
        return not any(bool(np.any((_as(part, item) & item(mask)) == item(mask))) for part in self._parts(name))

    def raw(self, name: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]":
        """The tensor's items as they lie in the file, unread, for the types in EXPONENTS."""
        info = self.header.tensors[name]
        item, _ = EXPONENTS[info.dtype]
        return np.frombuffer(b"".join(self.chunks(name)), item).reshape(info.shape)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """The tensor in float64, which holds every number of the types in EXPONENTS exactly."""
        raw, dtype = self.raw(name), self.header.tensors[name].dtype
        if dtype == "BF16":  # The upper half of a float32.
            return (raw.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
        return raw.view(SCALARS[dtype]).astype(np.float64)

    def scalar(self, name: str) -> float:
        """The value of a one-element tensor. Raises ValueError if it has another size or type."""
        info = self.header.tensors[name]
        if math.prod(info.shape) != 1 or info.dtype not in {*SCALARS, "BF16"}:
            raise ValueError(f"{name} is no single number")
        raw = b"".join(self.chunks(name))
        if info.dtype == "BF16":  # The upper half of a float32.
            return float(np.frombuffer(b"\0\0" + raw, "<f4")[0])
        return float(np.frombuffer(raw, SCALARS[info.dtype])[0])

    def _parts(self, name: str) -> Iterator["np.ndarray[tuple[int], np.dtype[np.uint8]]"]:
        info = self.header.tensors[name]
        start, end = (self.header.data_offset + place for place in (info.start, info.end))
        for first in range(start, end, CHUNK_BYTES):
            yield self._bytes[first : min(first + CHUNK_BYTES, end)]


def item_size(info: TensorInfo) -> int:
    return BYTES_PER_ITEM[info.dtype]


def viewed(tensor: NDArray[Item], view: View) -> NDArray[Item]:
    """What a view shows of a tensor that has it."""
    if view == "whole":
        return tensor
    if view == "turned":
        return np.ascontiguousarray(tensor.T)
    if view == "matrix":
        return tensor.reshape(tensor.shape[:2])
    thirds: list[NDArray[Item]] = np.split(tensor, len(THIRDS))
    return thirds[THIRDS.index(view)]


def _header_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        first = file.read(8)
        return first + file.read(min(int.from_bytes(first, "little"), 2**25))


def _as(part: "np.ndarray[tuple[int], np.dtype[np.uint8]]", item: type[np.unsignedinteger]) -> "np.ndarray":
    """The same bytes as integers; copied first, since a file's tensors need not lie on multiples of their size."""
    return np.frombuffer(part.tobytes(), item)

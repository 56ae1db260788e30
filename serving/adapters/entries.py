"""The tensors of a pack as they are written: copied from the file, turned, or computed. All of them are finite."""

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, prod

import numpy as np

from hub.plugin_api import Shape, UnsupportedFileError
from hub.tensor_file import BYTES_PER_ITEM
from serving.adapters.pack import ALIGNMENT
from serving.adapters.tensor_bytes import TensorFile


@dataclass(frozen=True)
class Entry:
    """One tensor of the pack; `chunks` gives its bytes."""

    name: str
    dtype: str
    shape: Shape
    size: int
    chunks: Callable[[], Iterable[bytes]]

    @property
    def item_size(self) -> int:
        return BYTES_PER_ITEM[self.dtype]


def file_chunks(entries: Iterable[Entry], about: dict[str, str]) -> Iterator[bytes]:
    """A safetensors file with these tensors, the widest types first so that each lies on a multiple of its size."""
    ordered = sorted(entries, key=lambda entry: (-entry.item_size, entry.name))
    header: dict[str, object] = {"__metadata__": about}
    position = 0
    for entry in ordered:
        header[entry.name] = {
            "dtype": entry.dtype,
            "shape": entry.shape,
            "data_offsets": [position, position + entry.size],
        }
        position += entry.size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    yield struct.pack("<Q", len(text)) + text
    for entry in ordered:
        yield from entry.chunks()


def copied(name: str, origin: str, source: TensorFile, shape: Shape | None = None) -> Entry:
    """The file's tensor, in another shape where one is given. Raises UnsupportedFileError for NaN and infinity."""
    check_finite([origin], source)
    info = source.header.tensors[origin]
    shape = info.shape if shape is None else shape
    return Entry(name, info.dtype, shape, info.end - info.start, lambda: source.chunks(origin))


def written(name: str, dtype: str, shape: Shape, items: Callable[[], "np.ndarray"]) -> Entry:
    """Items that are read or computed when their turn comes, so that one tensor at a time is in memory.

    Writing them raises UnsupportedFileError where a computed number is not finite.
    """

    def chunks() -> Iterator[bytes]:
        content = np.ascontiguousarray(items())
        if dtype == "F32" and not np.isfinite(content.view(np.float32)).all():
            raise UnsupportedFileError(
                "not_finite", f"The weights of {name} go beyond what float32 holds. Train it again with smaller steps."
            )
        yield content.tobytes()

    return Entry(name, dtype, shape, prod(shape) * BYTES_PER_ITEM[dtype], chunks)


def number(name: str, value: float) -> Entry:
    content = struct.pack("<f", value)
    return Entry(name, "F32", (), 4, lambda: [content])


def numbers(name: str, values: Sequence[float]) -> Entry:
    """Filled up with zeros, so that what lies behind them is as well aligned as they are."""
    count = len(values) + -len(values) % (ALIGNMENT // 4)
    content = struct.pack(f"<{len(values)}f", *values).ljust(4 * count, b"\0")
    return Entry(name, "F32", (count,), 4 * count, lambda: [content])


def check_finite(names: Sequence[str], source: TensorFile) -> None:
    """Raises UnsupportedFileError."""
    for name in names:
        if not source.is_finite(name):
            raise UnsupportedFileError(
                "not_finite",
                f"The tensor {name} holds NaN or infinity, so it can only make black images. Train it again.",
            )


def read_number(name: str, source: TensorFile) -> float:
    """A finite number that the file holds in a tensor. Raises UnsupportedFileError."""
    try:
        value = source.scalar(name)
    except ValueError as error:
        raise UnsupportedFileError("bad_alpha", f"The tensor {name} must be a single number.") from error
    if not isfinite(value):
        raise UnsupportedFileError("not_finite", f"The tensor {name} is NaN or infinity. Train it again.")
    return value

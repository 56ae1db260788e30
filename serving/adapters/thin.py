"""A pack of a fine-tuned model as it is kept and moved: only its exact difference to the base that both sides have.

An 8-byte length and JSON with that many bytes; then one packed body for each of its parts, which in this order make the
pack. A part is a tensor as its difference to the base's (serving/adapters/difference.py), or bytes as they are. Whoever
restores a pack checks its SHA-256, so a base with other weights is noticed and never served as this model.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import zstandard

from hub.tensor_file import WEIGHT_DTYPES, TensorInfo
from serving.adapters.cache import CorruptPackError
from serving.adapters.difference import LEVEL, Bits, packed, restored, rounded, unpacked
from serving.adapters.stored import StoredBase
from serving.adapters.tensor_bytes import TensorFile

VERSION = "1"
MOST_HEADER_BYTES = 2**26
MOST_RAW_BYTES = 2**22


class ThinPackError(CorruptPackError):
    """The object is no thin pack, or not one of a base that is here."""


@dataclass(frozen=True)
class Part:
    """`size` bytes of the pack, `packed` bytes here. `dtype` and `parameter` say whose difference; else it is bytes."""

    size: int
    packed: int
    component: str = ""
    parameter: str = ""
    dtype: str = ""


def write_thin(pack: Path, base: StoredBase, layout_digest: str, path: Path) -> int:
    """Write the thin form of a pack; returns its size in bytes."""
    body = path.with_suffix(".body")
    source = TensorFile(pack)
    with body.open("wb") as file:
        parts = [_written(part, source, base, pack, file) for part in _parts(source, base, pack.stat().st_size)]
    header = {"version": VERSION, "layout": layout_digest, "parts": [asdict(part) for part in parts]}
    text = json.dumps(header, separators=(",", ":")).encode()
    with path.open("wb") as file, body.open("rb") as content:
        file.write(len(text).to_bytes(8, "little") + text)
        while chunk := content.read(MOST_RAW_BYTES):
            file.write(chunk)
    body.unlink()
    return path.stat().st_size


def whole_pack(chunks: Iterable[bytes], base_of: Callable[[str], StoredBase]) -> Iterator[bytes]:
    """The bytes of the pack whose thin form comes in `chunks`, a tensor at a time.

    `base_of` finds the base with a layout digest. Raises ThinPackError.
    """
    reader = _Reader(iter(chunks))
    layout_digest, parts = _header(reader)
    base = base_of(layout_digest)
    for part in parts:
        yield _restored(part, reader, base)


def _header(reader: "_Reader") -> tuple[str, list[Part]]:
    length = int.from_bytes(reader.read(8), "little")
    if length > MOST_HEADER_BYTES:
        raise ThinPackError("This is no thin pack: its header would be too large.")
    try:
        header = json.loads(reader.read(length))
        found, layout_digest, parts = header["version"], header["layout"], [Part(**each) for each in header["parts"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ThinPackError("This is no thin pack: its header can't be read.") from error
    if found != VERSION:
        raise ThinPackError(f"This is a thin pack of version {found}, not {VERSION}.")
    return layout_digest, parts


@dataclass(frozen=True)
class _Span:
    """What a part is made of: from byte `start` to `end` of the pack, and the base's tensor it is told by."""

    start: int
    end: int
    component: str = ""
    parameter: str = ""
    dtype: str = ""


def _parts(source: TensorFile, base: StoredBase, size: int) -> Iterator[_Span]:
    """All of the pack in order: each tensor that the base has too, and whatever lies between."""
    at = 0
    for name, info in sorted(source.header.tensors.items(), key=lambda item: item[1].start):
        component, _, parameter = name.partition(".")
        if _comparable(info, base, component, parameter):
            start = source.header.data_offset + info.start
            yield from _raw(at, start)
            at = source.header.data_offset + info.end
            yield _Span(start, at, component, parameter, info.dtype)
    yield from _raw(at, size)


def _comparable(info: TensorInfo, base: StoredBase, component: str, parameter: str) -> bool:
    if component not in base or info.dtype not in WEIGHT_DTYPES:
        return False
    own = base[component].header.tensors.get(parameter)
    return own is not None and own.dtype in WEIGHT_DTYPES and own.shape == info.shape


def _raw(start: int, end: int) -> Iterator[_Span]:
    for first in range(start, end, MOST_RAW_BYTES):
        yield _Span(first, min(first + MOST_RAW_BYTES, end))


def _written(span: _Span, source: TensorFile, base: StoredBase, pack: Path, file: IO[bytes]) -> Part:
    if span.parameter:
        own = source.raw(f"{span.component}.{span.parameter}").reshape(-1)
        content = packed(own, _of_base(base, span.component, span.parameter, span.dtype))
    else:
        with pack.open("rb") as opened:
            opened.seek(span.start)
            content = zstandard.ZstdCompressor(level=LEVEL).compress(opened.read(span.end - span.start))
    file.write(content)
    return Part(span.end - span.start, len(content), span.component, span.parameter, span.dtype)


def _restored(part: Part, reader: "_Reader", base: StoredBase) -> bytes:
    content = reader.read(part.packed)
    try:
        if not part.parameter:
            return unpacked(content, part.size)
        own = _of_base(base, part.component, part.parameter, part.dtype)
        if own.nbytes != part.size:
            raise ValueError(f"It has {own.nbytes} bytes, not {part.size}.")
        return restored(content, own).tobytes()
    except (KeyError, ValueError) as error:
        raise ThinPackError(f"{part.component}.{part.parameter} can't be restored from this base: {error}") from error


def _of_base(base: StoredBase, component: str, parameter: str, dtype: str) -> Bits:
    """[n], as the pack's numbers are typed."""
    source = base[component]
    return rounded(source.raw(parameter).reshape(-1), source.header.tensors[parameter].dtype, dtype)


class _Reader:
    """Reads so many bytes at a time from chunks of any size."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, bytearray()

    def read(self, size: int) -> bytes:
        """Raises ThinPackError where the chunks end before."""
        while len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise ThinPackError("The thin pack ends too early.")
            self._rest += chunk
        taken = bytes(self._rest[:size])
        del self._rest[:size]
        return taken

"""Writes a pack. Same source, same bytes: the pack's hash names its content."""

import hashlib
import json
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from hub.plugin_api import AdapterPlan, LowRankTarget, UnsupportedFileError
from serving.adapters.checks import rank_of
from serving.adapters.pack import ALPHA, DOWN, UP, metadata
from serving.adapters.tensor_bytes import TensorFile, item_size


@dataclass(frozen=True)
class Entry:
    """One tensor of the pack; `chunks` gives its bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size: int
    item_size: int
    chunks: Callable[[], Iterable[bytes]]


def write_pack(plan: AdapterPlan, source: TensorFile, layout_digest: str, path: Path) -> str:
    """Write the pack of a checked plan; returns its SHA-256. Raises UnsupportedFileError for NaN and infinity."""
    # Wide types first, so that every tensor lies on a multiple of its size and can be mapped.
    entries = sorted(_entries(plan, source), key=lambda entry: (-entry.item_size, entry.name))
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for chunk in _file_chunks(entries, metadata(plan.kind, layout_digest)):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _file_chunks(entries: list[Entry], about: dict[str, str]) -> Iterator[bytes]:
    header: dict[str, object] = {"__metadata__": about}
    position = 0
    for entry in entries:
        header[entry.name] = {
            "dtype": entry.dtype,
            "shape": entry.shape,
            "data_offsets": [position, position + entry.size],
        }
        position += entry.size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield struct.pack("<Q", len(text)) + text
    for entry in entries:
        yield from entry.chunks()


def _entries(plan: AdapterPlan, source: TensorFile) -> Iterator[Entry]:
    for target in plan.low_rank:
        name = f"{target.component}.{target.module}"
        yield _copied(name + DOWN, target.down, source)
        yield _copied(name + UP, target.up, source)
        alpha = struct.pack("<f", _alpha(target, source))
        yield Entry(name + ALPHA, "F32", (), 4, 4, lambda alpha=alpha: [alpha])  # type: ignore[misc] # the default binds this turn's value
    for weight in plan.weights:
        yield _copied(f"{weight.component}.{weight.parameter}", weight.source, source)


def _copied(name: str, origin: str, source: TensorFile) -> Entry:
    if not source.is_finite(origin):
        raise UnsupportedFileError(
            "not_finite",
            f"The tensor {origin} holds NaN or infinity, so it can only make black images. Train it again.",
        )
    info = source.header.tensors[origin]
    return Entry(name, info.dtype, info.shape, info.end - info.start, item_size(info), lambda: source.chunks(origin))


def _alpha(target: LowRankTarget, source: TensorFile) -> float:
    if target.alpha is None:
        return target.alpha_value if target.alpha_value is not None else float(rank_of(target, source.header))
    try:
        alpha = source.scalar(target.alpha)
    except ValueError as error:
        raise UnsupportedFileError("bad_alpha", f"The tensor {target.alpha} must be a single number.") from error
    if not isfinite(alpha):
        raise UnsupportedFileError("not_finite", f"The tensor {target.alpha} is NaN or infinity. Train it again.")
    return alpha

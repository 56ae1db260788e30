"""Reads a safetensors header with nothing but JSON, and refuses what no honest file contains.

The safetensors library accepts zero-size tensors that share an offset, NUL and path-like names, control characters
in metadata, and hundreds of thousands of tensors; none of these reach it, since this gate comes first.
Format: 8-byte little-endian header length N, N bytes of JSON, then the tensor bytes.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import category

BYTES_PER_ITEM = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1}
WEIGHT_DTYPES = frozenset({"F32", "F16", "BF16"})
MAX_HEADER_BYTES = 10 * 2**20
MAX_TENSORS = 20_000
MAX_DIMS = 4
MAX_METADATA_KEYS = 128
MAX_METADATA_BYTES = 2**20
# A trainer that bundles embeddings writes its word into the name, usually in <>, and A1111's old key ends in an asterisk.
NAME = re.compile(r"[A-Za-z0-9_.\-]{1,256}|bundle_emb\.[A-Za-z0-9_.\-<>*]{1,240}")
ZERO_WIDTH = "\u200c\u200d"  # join emoji, and letters of Persian and Indian scripts
MAGIC = {
    b"PK\x03\x04": "a zip archive (a PyTorch .pt or .ckpt file is one)",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"GGUF": "a GGUF file",
    b"\x1f\x8b": "a gzip archive",
}


class HeaderError(ValueError):
    """The file is not one that the hub opens; `code` is stable, `message` tells the creator what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class TensorInfo:
    """One tensor; `start` and `end` are byte offsets from the beginning of the tensor bytes."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class FileHeader:
    """Names, shapes and metadata of a file; `data_offset` is where its tensor bytes begin.

    `file_name` is what its creator called it, and "" where that isn't known: a file is recognised without it.
    """

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]
    data_offset: int
    file_name: str = ""


def header_length(first_bytes: bytes, file_size: int) -> int:
    """Length of the JSON header, from the file's first 8 bytes or more. Raises HeaderError."""
    if len(first_bytes) < 8:
        raise HeaderError("truncated", "The file is shorter than a safetensors header. Upload the whole file again.")
    length = int.from_bytes(first_bytes[:8], "little")
    if length > MAX_HEADER_BYTES:
        # Only here: a length of 640 begins with the bytes of a pickle, one of 19,280 with those of a zip.
        what = next((what for magic, what in MAGIC.items() if first_bytes.startswith(magic)), "no safetensors file")
        raise HeaderError("not_safetensors", f"This is {what}. Export the weights as .safetensors and upload that.")
    if 8 + length > file_size:
        raise HeaderError("truncated", "The file ends inside its header. Upload the whole file again.")
    return length


def parse_header(raw: bytes, file_size: int) -> FileHeader:
    """Check and read a header given at least the file's first 8 + N bytes. Raises HeaderError."""
    length = header_length(raw, file_size)
    entries = _json_object(raw[8 : 8 + length])
    metadata = _metadata(entries.pop("__metadata__", {}))
    if not entries:
        raise HeaderError("empty", "The file holds no tensors. Export the trained weights and upload them.")
    if len(entries) > MAX_TENSORS:
        raise HeaderError(
            "too_many_tensors", f"The file holds {len(entries)} tensors; at most {MAX_TENSORS} are accepted."
        )
    tensors = {name: _tensor(name, entry) for name, entry in entries.items()}
    _check_cover(tensors, file_size - 8 - length)
    return FileHeader(tensors, metadata, 8 + length)


def _json_object(raw: bytes) -> dict[str, Any]:
    if not raw.startswith(b"{"):
        raise HeaderError(
            "not_safetensors", "The header is no JSON object, so this is no safetensors file. Export it again."
        )
    try:
        value: dict[str, Any] = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique)
    except HeaderError:
        raise
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, a number of thousands of digits, too deep
        raise HeaderError(
            "not_safetensors",
            "The header is not JSON, so this is no safetensors file. Export it again as .safetensors.",
        ) from error
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise HeaderError("bad_header", "The header names a tensor twice. Export the file again.")
    return value


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise HeaderError("bad_metadata", "The file's metadata must be pairs of texts. Save it again without metadata.")
    if len(value) > MAX_METADATA_KEYS or sum(len(k) + len(v) for k, v in value.items()) > MAX_METADATA_BYTES:
        raise HeaderError(
            "bad_metadata", "The file's metadata is over 1 MiB or 128 entries. Save it with less metadata."
        )
    if not all(_printable(k) and _printable(v, lines=True) for k, v in value.items()):
        raise HeaderError(
            "bad_metadata", "The file's metadata holds control characters. Save it again without metadata."
        )
    return value


def _printable(text: str, *, lines: bool = False) -> bool:
    """No controls or bidi marks. Values may hold line breaks: diffusers writes its settings as indented JSON."""
    return all(
        char.isprintable() or (lines and char in "\r\n\t") or char in ZERO_WIDTH or category(char) == "Zs"
        for char in text
    )


def _tensor(name: str, entry: object) -> TensorInfo:
    if not NAME.fullmatch(name) or ".." in name:
        raise HeaderError(
            "bad_tensor_name",
            f"The tensor name {name[:80]!r} is not one that trainers write. Export the file again.",
        )
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(start), int(end)], **rest} if not rest:
            pass
        case _:
            raise HeaderError("bad_header", f"The entry of tensor {name!r} is malformed. Export the file again.")
    if dtype not in BYTES_PER_ITEM:
        raise HeaderError(
            "bad_dtype",
            f"Tensor {name!r} has type {dtype[:20]!r}; save the file as float32, float16 or bfloat16.",
        )
    if type(start) is not int or type(end) is not int:  # True is an int to Python
        raise HeaderError("bad_header", f"The entry of tensor {name!r} is malformed. Export the file again.")
    if len(shape) > MAX_DIMS or not all(type(size) is int and 0 < size < 2**31 for size in shape):
        raise HeaderError(
            "bad_shape", f"Tensor {name!r} has an empty, negative or over-long shape. Export the file again."
        )
    if end - start != math.prod(shape) * BYTES_PER_ITEM[dtype] or start < 0:
        raise HeaderError(
            "bad_offsets", f"Tensor {name!r} does not have the bytes its shape needs. Export the file again."
        )
    return TensorInfo(dtype, tuple(shape), start, end)


def _check_cover(tensors: Mapping[str, TensorInfo], data_bytes: int) -> None:
    """The tensors must fill the rest of the file exactly: no hole, no overlap, nothing behind them."""
    position = 0
    for info in sorted(tensors.values(), key=lambda info: info.start):
        if info.start != position:
            raise HeaderError("bad_offsets", "The file's tensors overlap or leave holes. Export the file again.")
        position = info.end
    if position > data_bytes:
        raise HeaderError("truncated", "The file ends before its last tensor does. Upload the whole file again.")
    if position < data_bytes:
        raise HeaderError(
            "trailing_bytes", "The file holds bytes behind its last tensor. Export it again as .safetensors."
        )

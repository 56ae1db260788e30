"""The header gate against hostile files, each as real bytes, and its agreement with the safetensors library."""

import gzip
import io
import json
import pickle
import struct
import time
import zipfile
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.tensor_file import FileHeader, HeaderError, TensorInfo, parse_header
from tests.factories.tensor_files import DTYPE_NAMES, file_of, lora_file, tensor_file


def entry(start: int = 0, end: int = 4, shape: object = (1,), dtype: object = "F32", **more: object) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end], **more}


def zip_file() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"a": 1}))
    return buffer.getvalue()


def many(count: int) -> bytes:
    return file_of({f"t{i}": entry(i, i + 1, [1], "U8") for i in range(count)}, bytes(count))


DATA = bytes(4)
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    # What the safetensors library refuses too.
    "overlap": (lambda: file_of({"a": entry(0, 4), "b": entry(2, 6)}, bytes(6)), "bad_offsets"),
    "hole": (lambda: file_of({"a": entry(0, 4), "b": entry(8, 12)}, bytes(12)), "bad_offsets"),
    "starts late": (lambda: file_of({"a": entry(4, 8)}, bytes(8)), "bad_offsets"),
    "polyglot with a zip behind it": (lambda: lora_file() + zip_file(), "trailing_bytes"),
    "truncated body": (lambda: lora_file()[:-1], "truncated"),
    "truncated header": (lambda: lora_file()[:40], "truncated"),
    "duplicate key": (lambda: file_of(b'{"a":1,"a":2}'), "bad_header"),
    "duplicate tensor": (
        lambda: file_of(f'{{"a":{json.dumps(entry())},"a":{json.dumps(entry())}}}'.encode(), DATA),
        "bad_header",
    ),
    "shape overflow": (lambda: file_of({"a": entry(shape=[2**31 - 1, 2**31 - 1, 4])}, DATA), "bad_offsets"),
    "huge size": (lambda: file_of({"a": entry(shape=[2**64])}, DATA), "bad_shape"),
    "negative shape": (lambda: file_of({"a": entry(shape=[-1])}, DATA), "bad_shape"),
    "negative offset": (lambda: file_of({"a": entry(-4, 0)}, DATA), "bad_offsets"),
    "unknown dtype": (lambda: file_of({"a": entry(dtype="F99")}, DATA), "bad_dtype"),
    "header length 2^63": (lambda: struct.pack("<Q", 2**63) + b"{}", "not_safetensors"),
    "header of 101 MB": (lambda: struct.pack("<Q", 101 * 10**6) + b"{" + b" " * 1000, "not_safetensors"),
    "metadata that is no text": (lambda: file_of({"__metadata__": {"a": 1}, "a": entry()}, DATA), "bad_metadata"),
    "metadata that is a list": (lambda: file_of({"__metadata__": ["a"], "a": entry()}, DATA), "bad_metadata"),
    "100,000 deep": (lambda: file_of(b'{"a":' * 100_000), "not_safetensors"),
    "pickle": (lambda: pickle.dumps({"weights": list(range(100))}), "not_safetensors"),
    "old pickle": (lambda: pickle.dumps({"weights": [1]}, protocol=2), "not_safetensors"),
    "zip": (zip_file, "not_safetensors"),
    "gguf": (lambda: b"GGUF" + struct.pack("<IQQ", 3, 1, 1), "not_safetensors"),
    "gzip": (lambda: gzip.compress(lora_file()), "not_safetensors"),
    "text": (lambda: b"<html>not found</html>", "not_safetensors"),
    "not UTF-8": (lambda: file_of(b'{"\xff":1}'), "not_safetensors"),
    "header is a list": (lambda: file_of(b"[]"), "not_safetensors"),
    "space before the header": (lambda: file_of(b" {}"), "not_safetensors"),
    "empty file": (lambda: b"", "truncated"),
    "seven bytes": (lambda: bytes(7), "truncated"),
    "no header": (lambda: bytes(8), "not_safetensors"),
    "no tensors": (lambda: file_of({}), "empty"),
    # What the safetensors library accepts.
    "zero-size tensor at a shared offset": (
        lambda: file_of({"a": entry(0, 4), "b": entry(0, 0, [0])}, DATA),
        "bad_shape",
    ),
    "NUL in a name": (lambda: file_of({"a\x00b": entry()}, DATA), "bad_tensor_name"),
    "path as a name": (lambda: file_of({"../../etc/passwd": entry()}, DATA), "bad_tensor_name"),
    "dots as a name": (lambda: file_of({"..": entry()}, DATA), "bad_tensor_name"),
    "newline behind a name": (lambda: file_of({"a\n": entry()}, DATA), "bad_tensor_name"),
    "empty name": (lambda: file_of({"": entry()}, DATA), "bad_tensor_name"),
    "long name": (lambda: file_of({"a" * 257: entry()}, DATA), "bad_tensor_name"),
    "brackets in a name": (lambda: file_of({"<a>": entry()}, DATA), "bad_tensor_name"),
    "path as an embedding's word": (lambda: file_of({"bundle_emb.../a": entry()}, DATA), "bad_tensor_name"),
    "markup as an embedding's word": (lambda: file_of({'bundle_emb.<a b="c">': entry()}, DATA), "bad_tensor_name"),
    "escape sequence in metadata": (
        lambda: file_of({"__metadata__": {"a": "\x1b[2J"}, "a": entry()}, DATA),
        "bad_metadata",
    ),
    "right-to-left mark in metadata": (
        lambda: file_of({"__metadata__": {"a": "\u202egnp"}, "a": entry()}, DATA),
        "bad_metadata",
    ),
    "newline in a metadata key": (
        lambda: file_of({"__metadata__": {"a\nb": ""}, "a": entry()}, DATA),
        "bad_metadata",
    ),
    "lone surrogate in metadata": (
        lambda: file_of(b'{"__metadata__":{"a":"\\ud800"},"a":' + json.dumps(entry()).encode() + b"}", DATA),
        "bad_metadata",
    ),
    "300,000 tensors in 20 MB": (lambda: many(300_000), "not_safetensors"),
    "20,001 tensors": (lambda: many(20_001), "too_many_tensors"),
    "90 MB of metadata": (lambda: struct.pack("<Q", 90 * 2**20) + b'{"__metadata__"', "not_safetensors"),
    "2 MB of metadata": (lambda: file_of({"__metadata__": {"a": "x" * 2**21}, "a": entry()}, DATA), "bad_metadata"),
    "129 metadata entries": (
        lambda: file_of({"__metadata__": {str(i): "" for i in range(129)}, "a": entry()}, DATA),
        "bad_metadata",
    ),
    # What neither was asked about, and a careless reader would trip over.
    "five dimensions": (lambda: file_of({"a": entry(shape=[1] * 5)}, DATA), "bad_shape"),
    "true as a size": (lambda: file_of({"a": entry(shape=[True])}, DATA), "bad_shape"),
    "false as an offset": (lambda: file_of({"a": {**entry(), "data_offsets": [False, 4]}}, DATA), "bad_header"),
    "fraction as an offset": (lambda: file_of({"a": {**entry(), "data_offsets": [0.0, 4.0]}}, DATA), "bad_header"),
    "a number of 5,000 digits": (lambda: file_of(b'{"a":' + b"9" * 5000 + b"}"), "not_safetensors"),
    "unknown field of a tensor": (lambda: file_of({"a": entry(exec="rm")}, DATA), "bad_header"),
    "tensor that is a text": (lambda: file_of({"a": "x"}, DATA), "bad_header"),
    "three offsets": (lambda: file_of({"a": {**entry(), "data_offsets": [0, 2, 4]}}, DATA), "bad_header"),
    "bytes that the shape does not need": (lambda: file_of({"a": entry(0, 8)}, bytes(8)), "bad_offsets"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_within_a_second(name: str) -> None:
    build, code = HOSTILE[name]
    content = build()
    started = time.thread_time()
    with pytest.raises(HeaderError) as refused:
        parse_header(content, len(content))
    assert (refused.value.code, time.thread_time() - started < 1) == (code, True)
    assert refused.value.message.endswith(".")


def test_an_honest_file_is_read_whole() -> None:
    content = tensor_file(
        {"a.weight": np.zeros((2, 3), np.float16), "a.alpha": np.array(1, np.float32)},
        {"modelspec.description": "two\nlines,\ta tab and\u3000a wide space", "emoji": "👩\u200d🎨"},
    )
    header = parse_header(content, len(content))
    assert header == FileHeader(
        {"a.weight": TensorInfo("F16", (2, 3), 0, 12), "a.alpha": TensorInfo("F32", (), 12, 16)},
        {"modelspec.description": "two\nlines,\ta tab and\u3000a wide space", "emoji": "👩\u200d🎨"},
        len(content) - 16,
    )


@pytest.mark.parametrize("length", [640, 896, 0x4B50])
def test_a_header_length_that_looks_like_magic_bytes_is_no_reason_to_refuse(length: int) -> None:
    raw = json.dumps({"a": entry()}).encode()
    content = file_of(raw + b" " * (length - len(raw)), DATA)
    assert list(parse_header(content, len(content)).tensors) == ["a"]


@pytest.mark.parametrize("name", ["bundle_emb.<ruin>.clip_l", "bundle_emb.ruin.string_to_param.*"])
def test_the_names_of_bundled_embeddings_pass(name: str) -> None:
    content = file_of({name: entry()}, DATA)
    assert list(parse_header(content, len(content)).tensors) == [name]


def as_the_library_reads(content: bytes) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    views = safetensors.deserialize(content)  # type: ignore[no-untyped-call]  # the library ships no types for it
    return {name: (view["dtype"], tuple(view["shape"]), bytes(view["data"])) for name, view in views}


NAMES = st.from_regex(r"[A-Za-z0-9_.\-]{1,12}|bundle_emb\.[a<>*.\-]{1,6}", fullmatch=True)
SHAPES = st.lists(st.integers(1, 4), max_size=4).map(tuple)
DTYPES = st.sampled_from([np.float32, np.float16, ml_dtypes.bfloat16, np.float64, np.int64])
TENSORS = st.dictionaries(NAMES, st.builds(np.zeros, SHAPES, DTYPES), min_size=1, max_size=6)
METADATA = st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=4)


@settings(max_examples=200)
@given(TENSORS, METADATA)
def test_whatever_the_gate_accepts_reads_as_the_library_reads_it(tensors: Any, metadata: dict[str, str]) -> None:
    content = tensor_file(tensors, metadata)
    try:
        header = parse_header(content, len(content))
    except HeaderError:
        return
    assert {name: (info.dtype, info.shape) for name, info in header.tensors.items()} == {
        name: (DTYPE_NAMES[tensor.dtype.name], tensor.shape) for name, tensor in tensors.items()
    }
    assert as_the_library_reads(content) == {
        name: (info.dtype, info.shape, content[header.data_offset + info.start : header.data_offset + info.end])
        for name, info in header.tensors.items()
    }
    assert header.metadata == metadata


@settings(max_examples=500)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_at_all_make_it_crash(noise: bytes, position: int) -> None:
    honest = bytearray(lora_file())
    honest[position : position + len(noise)] = noise
    for content in (noise, file_of(noise), bytes(honest)):
        try:
            parse_header(content, len(content))
        except HeaderError:
            continue
        assert as_the_library_reads(content)

"""A fine-tuned model kept as its difference to the base comes back bit for bit, or not at all."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from serving.adapters.difference import packed, restored, rounded
from serving.adapters.stored import StoredBase
from serving.adapters.tensor_bytes import TensorFile
from serving.adapters.thin import ThinPackError, whole_pack, write_thin
from tests.factories.tensor_files import tensor_file

TYPES: dict[str, Any] = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}
SHAPES = {"conv_in.weight": (8, 4, 3, 3), "proj.weight": (64, 96), "proj.bias": (64,)}
LAYOUT = "f" * 64
PAIRS = st.sampled_from([np.uint16, np.uint32]).flatmap(
    lambda kind: st.integers(0, 40).flatmap(
        lambda count: st.tuples(arrays.arrays(kind, count), arrays.arrays(kind, count))
    )
)


@given(PAIRS)
def test_any_bits_come_back(pair: tuple[Any, Any]) -> None:
    bits, base = pair
    found = restored(packed(bits, base), base)
    assert (found.dtype, found.tobytes()) == (bits.dtype, bits.tobytes())


@given(arrays.arrays(np.float32, 20, elements=st.floats(width=32, allow_nan=False)))
def test_the_base_is_rounded_as_ml_dtypes_rounds(numbers: Any) -> None:
    with np.errstate(over="ignore"):
        expected = numbers.astype(ml_dtypes.bfloat16).view(np.uint16)
    assert np.array_equal(rounded(numbers.view(np.uint32), "F32", "BF16"), expected)
    back = expected.view(ml_dtypes.bfloat16).astype(np.float32).view(np.uint32)
    assert np.array_equal(rounded(expected, "BF16", "F32"), back)


@pytest.fixture
def base(tmp_path: Path) -> StoredBase:
    return {"unet": written(tmp_path / "base.safetensors", "F16", SHAPES, change=0.0)}


def written(path: Path, dtype: str, shapes: dict[str, tuple[int, ...]], change: float, prefix: str = "") -> TensorFile:
    """The same random base each time, moved by `change` of its spread."""
    drawn, moved = np.random.default_rng(1), np.random.default_rng(2)
    tensors = {
        prefix + name: (drawn.normal(size=shape) + change * moved.normal(size=shape)).astype(TYPES[dtype])
        for name, shape in shapes.items()
    }
    path.write_bytes(tensor_file(tensors))
    return TensorFile(path)


def chunks(path: Path, size: int = 100) -> list[bytes]:
    content = path.read_bytes()
    return [content[start : start + size] for start in range(0, len(content), size)]


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("change", [0.0, 0.01, 3.0])
def test_a_pack_comes_back_whatever_its_type(base: StoredBase, tmp_path: Path, dtype: str, change: float) -> None:
    pack = tmp_path / "pack.safetensors"
    # The base has no `added`, and another shape for `proj.bias`: both are kept as they are.
    shapes = SHAPES | {"added": (5,), "proj.bias": (32,)}
    written(pack, dtype, shapes, change, prefix="unet.")
    thin = tmp_path / "pack.thin"
    size = write_thin(pack, base, LAYOUT, thin)
    assert size == thin.stat().st_size
    assert b"".join(whole_pack(chunks(thin), lambda digest: {LAYOUT: base}[digest])) == pack.read_bytes()


def test_a_small_change_is_kept_in_less(base: StoredBase, tmp_path: Path) -> None:
    sizes = []
    for change in (0.0, 0.01):
        pack = tmp_path / "pack.safetensors"
        written(pack, "F16", SHAPES, change, prefix="unet.")
        sizes.append(write_thin(pack, base, LAYOUT, tmp_path / "pack.thin") / pack.stat().st_size)
    assert sizes[0] < 0.1
    assert sizes[1] < 0.6


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[:-1],
    "empty": lambda content: b"",
    "too long a header": lambda content: b"\xff" * 8 + content,
    "another version": lambda content: content.replace(b'"version":"1"', b'"version":"0"'),
    "not JSON": lambda content: content.replace(b'{"version"', b'["version"'),
    "other fields": lambda content: content.replace(b'"size":', b'"sise":', 1),
    "another length": lambda content: content.replace(b'"size":128', b'"size":129'),
    "body exchanged": lambda content: content[:-40] + b"\0" * 40,
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_object_is_refused(base: StoredBase, tmp_path: Path, broken: str) -> None:
    pack = tmp_path / "pack.safetensors"
    written(pack, "F16", SHAPES, 0.01, prefix="unet.")
    write_thin(pack, base, LAYOUT, tmp_path / "pack.thin")
    content = BROKEN[broken]((tmp_path / "pack.thin").read_bytes())
    with pytest.raises(ThinPackError):
        b"".join(whole_pack([content], lambda digest: base))


def test_another_base_gives_another_hash(base: StoredBase, tmp_path: Path) -> None:
    pack = tmp_path / "pack.safetensors"
    written(pack, "F16", SHAPES, 0.01, prefix="unet.")
    write_thin(pack, base, LAYOUT, tmp_path / "pack.thin")
    other = {"unet": written(tmp_path / "other.safetensors", "F16", SHAPES, change=0.001)}
    found = b"".join(whole_pack(chunks(tmp_path / "pack.thin"), lambda digest: other))
    assert hashlib.sha256(found).hexdigest() != hashlib.sha256(pack.read_bytes()).hexdigest()

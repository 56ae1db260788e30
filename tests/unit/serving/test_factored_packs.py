"""Products of small matrices and scalings in a pack: written as a pair where that is the same, else part by part."""

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from hub.plugin_api import (
    AdapterPlan,
    AddedTarget,
    Factor,
    FactoredTarget,
    ModelLayout,
    ScaledTarget,
    UnsupportedFileError,
    WeightTarget,
)
from hub.tensor_file import FileHeader, parse_header
from serving.adapters.checks import check_plan
from serving.adapters.tensor_bytes import TensorFile
from serving.adapters.write import write_pack
from tests.factories.tensor_files import tensor_file

LAYOUT = ModelLayout(
    {"unet": {"layer.weight": (6, 4), "layer.bias": (6,), "norm.weight": (6,)}}, {"unet": frozenset({"layer"})}
)
HADAMARD = FactoredTarget(
    "unet", "layer", "hadamard", (Factor(left="a", right="b"), Factor(left="c", right="d")), "alpha"
)


def numbers(*shape: int, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)


def hadamard(rank: int, dtype: Any = np.float32) -> dict[str, Any]:
    shapes = {"a": (6, rank), "b": (rank, 4), "c": (6, rank), "d": (rank, 4)}
    return {name: numbers(*shape, dtype=dtype) for name, shape in shapes.items()} | {"alpha": np.float32(3)}


def header_of_pack(plan: AdapterPlan, tensors: dict[str, Any], folder: Path) -> FileHeader:
    source, path = folder / "source.safetensors", folder / "pack.safetensors"
    source.write_bytes(tensor_file({name: np.asarray(tensor) for name, tensor in tensors.items()}))
    file = TensorFile(source)
    check_plan(plan, file.header, LAYOUT)
    write_pack(plan, file, LAYOUT, path)
    content = path.read_bytes()
    return parse_header(content, len(content))


def refused(plan: AdapterPlan, tensors: dict[str, Any], folder: Path) -> str:
    with pytest.raises(UnsupportedFileError) as error:
        header_of_pack(plan, tensors, folder)
    return error.value.code


def test_a_product_of_small_rank_is_one_pair(tmp_path: Path) -> None:
    header = header_of_pack(AdapterPlan(factored=(HADAMARD,)), hadamard(8, np.float16), tmp_path)
    assert {name: (info.dtype, info.shape) for name, info in header.tensors.items()} == {
        "unet.layer.lora_A.weight": ("F32", (64, 4)),
        "unet.layer.lora_B.weight": ("F32", (6, 64)),
        "alphas.unet": ("F32", (16,)),
    }


def test_a_product_of_large_rank_keeps_its_factors_and_their_type(tmp_path: Path) -> None:
    header = header_of_pack(AdapterPlan(factored=(HADAMARD,)), hadamard(9, ml_dtypes.bfloat16), tmp_path)
    name = "delta.hadamard.unet.layer.weight"
    assert {name: (info.dtype, info.shape) for name, info in header.tensors.items()} == {
        f"{name}.first_left": ("BF16", (6, 9)),
        f"{name}.first_right": ("BF16", (9, 4)),
        f"{name}.second_left": ("BF16", (6, 9)),
        f"{name}.second_right": ("BF16", (9, 4)),
        f"{name}.scale": ("F32", ()),
    }


def test_numbers_too_large_for_the_pair_are_refused(tmp_path: Path) -> None:
    tensors = hadamard(2) | {"a": np.full((6, 2), 1e30, np.float32), "c": np.full((6, 2), 1e30, np.float32)}
    assert refused(AdapterPlan(factored=(HADAMARD,)), tensors, tmp_path) == "not_finite"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"c": numbers(6, 3), "d": numbers(3, 4)}, "unclear_rank"),
        ({"a": numbers(6, 300), "b": numbers(300, 4)}, "over_rank"),
        ({"b": numbers(2, 5)}, "wrong_base"),
        ({"a": numbers(2, 6)}, "wrong_base"),
        ({"b": np.array(1.0, np.float32)}, "wrong_base"),
        ({"a": np.array(1.0, np.float32)}, "wrong_base"),
        ({"alpha": np.float32(0)}, "zero_alpha"),
        ({"alpha": np.float32(np.nan)}, "not_finite"),
        ({"alpha": numbers(2)}, "bad_alpha"),
        ({"d": np.full((2, 4), np.inf, np.float32)}, "not_finite"),
        ({"d": numbers(2, 4, dtype=np.float64)}, "bad_dtype"),
        ({"e": numbers(2, 4)}, "unknown_tensors"),
    ],
)
def test_refuses_factors_that_make_no_weight(changes: dict[str, Any], code: str, tmp_path: Path) -> None:
    assert refused(AdapterPlan(factored=(HADAMARD,)), hadamard(2) | changes, tmp_path) == code


@pytest.mark.parametrize(
    ("scaling", "flag", "name"),
    [(numbers(6), 0, "scaled_by_output"), (numbers(1, 4), 1, "scaled_by_input")],
)
def test_a_scaling_lies_along_the_axis_that_its_flag_says(scaling: Any, flag: int, name: str, tmp_path: Path) -> None:
    plan = AdapterPlan(scaled=(ScaledTarget("unet", "layer", "w", "flag"),))
    header = header_of_pack(plan, {"w": scaling, "flag": np.int64(flag)}, tmp_path)
    (found,) = header.tensors.items()
    assert (found[0], found[1].shape) == (f"delta.{name}.unet.layer.weight.change", (1, 4) if flag else (6, 1))


@pytest.mark.parametrize(
    ("scaling", "flag", "code"),
    [
        (numbers(6), 1, "bad_flag"),
        (numbers(4), 0, "bad_flag"),
        (numbers(6), 2, "bad_flag"),
        (numbers(5), 0, "wrong_base"),
        (numbers(2, 3), 0, "wrong_base"),
    ],
)
def test_refuses_a_scaling_that_fits_no_axis(scaling: Any, flag: int, code: str, tmp_path: Path) -> None:
    plan = AdapterPlan(scaled=(ScaledTarget("unet", "layer", "w", "flag"),))
    assert refused(plan, {"w": scaling, "flag": np.int64(flag)}, tmp_path) == code


@pytest.mark.parametrize(
    ("plan", "shape", "code"),
    [
        (AdapterPlan(added=(AddedTarget("unet", "layer.bias", "w"),)), (5,), "wrong_base"),
        (AdapterPlan(added=(AddedTarget("unet", "norm.bias", "w"),)), (6,), "wrong_base"),
        (AdapterPlan(scaled=(ScaledTarget("unet", "norm", "w", "w"),)), (6,), "named_twice"),
        (
            AdapterPlan(
                added=(AddedTarget("unet", "norm.weight", "w"),), weights=(WeightTarget("unet", "norm.weight", "w"),)
            ),
            (6,),
            "named_twice",
        ),
    ],
)
def test_refuses_a_plan_that_does_not_fit(plan: AdapterPlan, shape: tuple[int, ...], code: str, tmp_path: Path) -> None:
    assert refused(plan, {"w": numbers(*shape)}, tmp_path) == code


def test_a_magnitude_has_one_length_for_each_slice(tmp_path: Path) -> None:
    pair = (Factor(left="a", right="b"),)
    tensors = {"a": numbers(6, 2), "b": numbers(2, 4)}
    found = []
    for axis, length in ((0, numbers(6)), (1, numbers(1, 4)), (0, numbers(4)), (1, numbers(6))):
        target = FactoredTarget("unet", "layer", "product", pair, magnitude="m", magnitude_axis=axis)  # type: ignore[arg-type] # 0 or 1
        try:
            header = header_of_pack(AdapterPlan(factored=(target,)), tensors | {"m": length}, tmp_path)
        except UnsupportedFileError as error:
            found.append(error.code)
        else:
            found.append(next(name.rpartition(".")[2] for name in header.tensors if "magnitude" in name))
    assert found == ["magnitude_per_output", "magnitude_per_input", "wrong_base", "wrong_base"]

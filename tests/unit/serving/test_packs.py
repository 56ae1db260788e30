"""From a creator's file to a pack: complete, of the right shapes, finite, and always the same bytes."""

import hashlib
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from hub.plugin_api import AdapterPlan, LowRankTarget, ModelLayout, NoConfig, UnsupportedFileError, WeightTarget
from hub.tensor_file import TensorInfo, parse_header
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.peft_lora.format import PeftLoraFormat
from serving.adapters.checks import check_plan
from serving.adapters.tensor_bytes import TensorFile
from serving.adapters.write import write_pack
from tests.factories.tensor_files import tensor_file

LAYOUT = ModelLayout(
    {"unet": {"conv_in.weight": (6, 4, 3, 3), "mid_block.attentions.0.proj_in.weight": (6, 5)}},
    {"unet": frozenset({"conv_in", "mid_block.attentions.0.proj_in"})},
)
DOWN, UP = "unet.mid_block.attentions.0.proj_in.lora_A.weight", "unet.mid_block.attentions.0.proj_in.lora_B.weight"
KOHYA = "lora_unet_middle_block_1_proj_in"
PLAN = AdapterPlan((LowRankTarget("unet", "mid_block.attentions.0.proj_in", DOWN, UP),))


def numbers(*shape: int, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(1).normal(size=shape).astype(dtype)


def source(folder: Path, tensors: dict[str, Any], name: str = "source") -> TensorFile:
    path = folder / f"{name}.safetensors"
    path.write_bytes(tensor_file(tensors))
    return TensorFile(path)


def pack_bytes(plan: AdapterPlan, file: TensorFile, folder: Path) -> bytes:
    path = folder / "pack.safetensors"
    check_plan(plan, file.header, LAYOUT)
    sha256 = write_pack(plan, file, LAYOUT, path)
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == sha256
    return content


def test_a_pack_has_canonical_names_and_an_alpha(tmp_path: Path) -> None:
    content = pack_bytes(PLAN, source(tmp_path, {UP: numbers(6, 2), DOWN: numbers(2, 5)}), tmp_path)
    header = parse_header(content, len(content))
    assert header.tensors == {
        "alphas.unet": TensorInfo("F32", (16,), 0, 64),
        DOWN: TensorInfo("F32", (2, 5), 64, 104),
        UP: TensorInfo("F32", (6, 2), 104, 152),
    }
    assert header.metadata == {"irodori_pack": "2", "kind": "lora", "layout": LAYOUT.digest()}
    data = content[header.data_offset :]
    assert (
        data == np.array([2, *[0] * 15], dtype=np.float32).tobytes() + numbers(2, 5).tobytes() + numbers(6, 2).tobytes()
    )


def test_order_metadata_and_naming_of_the_source_do_not_change_the_pack(tmp_path: Path) -> None:
    down, up = numbers(2, 5, dtype=np.float16), numbers(6, 2, dtype=np.float16)
    peft = {DOWN: down, UP: up}
    kohya = {
        f"{KOHYA}.alpha": np.array(2, dtype=ml_dtypes.bfloat16),
        f"{KOHYA}.lora_up.weight": up,
        f"{KOHYA}.lora_down.weight": down,
    }
    files = [
        (PeftLoraFormat(NoConfig()), source(tmp_path, peft, "a")),
        (PeftLoraFormat(NoConfig()), source(tmp_path, dict(reversed(peft.items())), "b")),
        (KohyaLoraFormat(NoConfig()), source(tmp_path, kohya, "c")),
    ]
    packs = {pack_bytes(adapter_format.plan(file.header, LAYOUT), file, tmp_path) for adapter_format, file in files}
    assert len(packs) == 1


def test_wide_types_come_first_so_that_all_can_be_mapped(tmp_path: Path) -> None:
    tensors = {
        DOWN: numbers(1, 5, dtype=np.float16),
        UP: numbers(6, 1),
        "w": numbers(6, 4, 3, 3, dtype=ml_dtypes.bfloat16),
    }
    plan = AdapterPlan(PLAN.low_rank, (WeightTarget("unet", "conv_in.weight", "w"),))
    content = pack_bytes(plan, source(tmp_path, tensors), tmp_path)
    header = parse_header(content, len(content))
    sizes = {"F32": 4, "F16": 2, "BF16": 2}
    assert header.data_offset % 64 == 0
    assert [info.start % sizes[info.dtype] for info in header.tensors.values()] == [0] * 4
    assert header.metadata["kind"] == "fine_tune"


@pytest.mark.parametrize(
    ("tensors", "code"),
    [
        ({DOWN: numbers(2, 5), UP: numbers(6, 3)}, "wrong_base"),
        ({DOWN: numbers(2, 4), UP: numbers(6, 2)}, "wrong_base"),
        ({DOWN: numbers(2, 5, 1, 1), UP: numbers(6, 2, 1, 1)}, "wrong_base"),
        ({DOWN: numbers(257, 5), UP: numbers(6, 257)}, "over_rank"),
        ({DOWN: numbers(2, 5), UP: numbers(6, 2), "other": numbers(3)}, "unknown_tensors"),
        ({DOWN: numbers(2, 5, dtype=np.float64), UP: numbers(6, 2)}, "bad_dtype"),
        ({DOWN: np.array(1.0, dtype=np.float32), UP: numbers(6, 2)}, "wrong_base"),
    ],
)
def test_refuses_what_does_not_fit(tmp_path: Path, tensors: dict[str, Any], code: str) -> None:
    with pytest.raises(UnsupportedFileError) as refused:
        check_plan(PLAN, source(tmp_path, tensors).header, LAYOUT)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (AdapterPlan(), "no_weights"),
        (AdapterPlan(PLAN.low_rank * 2), "named_twice"),
        (AdapterPlan((LowRankTarget("unet", "conv_out", DOWN, UP),)), "wrong_base"),
        (AdapterPlan(weights=(WeightTarget("unet", "a", DOWN), WeightTarget("unet", "b", UP))), "wrong_base"),
    ],
)
def test_refuses_a_plan_that_does_not_fit(tmp_path: Path, plan: AdapterPlan, code: str) -> None:
    file = source(tmp_path, {DOWN: numbers(2, 5), UP: numbers(6, 2)})
    with pytest.raises(UnsupportedFileError) as refused:
        check_plan(plan, file.header, LAYOUT)
    assert refused.value.code == code


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_refuses_nan_and_infinity_in_every_type(tmp_path: Path, dtype: Any, poison: float) -> None:
    down = numbers(2, 5, dtype=dtype)
    down[1, 4] = poison
    with pytest.raises(UnsupportedFileError) as refused:
        pack_bytes(PLAN, source(tmp_path, {DOWN: down, UP: numbers(6, 2)}), tmp_path)
    assert (refused.value.code, DOWN in refused.value.message) == ("not_finite", True)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16, np.float64, np.int64])
def test_reads_alpha_in_every_type_that_trainers_write(tmp_path: Path, dtype: Any) -> None:
    assert source(tmp_path, {"alpha": np.array([12], dtype=dtype)}).scalar("alpha") == 12.0


@pytest.mark.parametrize(("alpha", "code"), [(np.array([1.0, 2.0]), "bad_alpha"), (np.array(np.nan), "not_finite")])
def test_refuses_an_alpha_that_is_no_number(tmp_path: Path, alpha: Any, code: str) -> None:
    tensors = {DOWN: numbers(2, 5), UP: numbers(6, 2), "alpha": alpha}
    plan = AdapterPlan((LowRankTarget("unet", "mid_block.attentions.0.proj_in", DOWN, UP, "alpha"),))
    with pytest.raises(UnsupportedFileError) as refused:
        pack_bytes(plan, source(tmp_path, tensors), tmp_path)
    assert refused.value.code == code


def test_large_tensors_are_read_in_parts(tmp_path: Path) -> None:
    large = numbers(3, 500_000)
    large[2, -1] = np.inf
    file = source(tmp_path, {"large": large})
    assert b"".join(file.chunks("large")) == large.tobytes()
    assert not file.is_finite("large")

"""A fine-tune told again as a LoRA: as near as its rank allows, with the error that it really has."""

from dataclasses import replace
from math import prod, sqrt
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from hub.plugin_api import ModelLayout, NoConfig, UnsupportedFileError, WeightTarget
from plugins.peft_lora.format import PeftLoraFormat
from serving.adapters.checks import check_plan
from serving.adapters.extract import RANKS, Changes, Extraction, chosen_rank, cut, extract
from serving.adapters.tensor_bytes import TensorFile

pytestmark = pytest.mark.torch
SHAPES = {"proj": (320, 300), "conv": (96, 64, 3, 3), "out": (4, 96, 3, 3)}
LAYOUT = ModelLayout(
    {"unet": {f"{name}.weight": shape for name, shape in SHAPES.items()} | {"norm.weight": (96,), "proj.bias": (320,)}},
    {"unet": frozenset(SHAPES)},
)
TARGETS = [WeightTarget("unet", name, name) for name in LAYOUT.components["unet"]]


def base() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {name: torch.randn(shape, generator=generator) for name, shape in LAYOUT.components["unet"].items()}


def low_rank(rank: int, size: float = 0.01) -> dict[str, torch.Tensor]:
    """A change of each layer that has exactly this rank, or its smaller side's."""
    generator = torch.Generator().manual_seed(2)
    made = {}
    for name, (out, *into) in SHAPES.items():
        product = torch.randn(out, rank, generator=generator) @ torch.randn(rank, prod(into), generator=generator)
        made[f"{name}.weight"] = size * product.reshape(out, *into)
    return made


def extracted(folder: Path, change: dict[str, torch.Tensor]) -> tuple[Extraction, dict[str, torch.Tensor]]:
    own = base()
    save_file(own, folder / "base.safetensors")
    save_file({name: value + change.get(name, 0) for name, value in own.items()}, folder / "tuned.safetensors")
    changes = Changes(TensorFile(folder / "tuned.safetensors"), {"unet": TensorFile(folder / "base.safetensors")})
    found = extract(TARGETS, changes, LAYOUT, folder / "lora.safetensors")
    return found, load_file(folder / "lora.safetensors")


def change_in(lora: dict[str, torch.Tensor], module: str) -> torch.Tensor:
    up, down = (lora[f"unet.{module}.lora_{side}.weight"].float() for side in "BA")
    return (up.flatten(1) @ down.flatten(1)).reshape(SHAPES[module])


def test_a_change_of_low_rank_is_told_almost_whole(tmp_path: Path) -> None:
    change = low_rank(rank=6)
    found, lora = extracted(tmp_path, change)
    assert (found.rank, found.left_out, {each.name for each in found.modules}) == (
        8,
        0,
        {f"unet.{name}" for name in SHAPES},
    )
    assert found.error < 1e-3
    for name in SHAPES:
        wanted = change[f"{name}.weight"]
        assert float((change_in(lora, name) - wanted).norm() / wanted.norm()) < 1e-3


def test_the_errors_are_those_of_the_file(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(3)
    change = {name: 0.01 * torch.randn(value.shape, generator=generator) for name, value in base().items()}
    found, lora = extracted(tmp_path, change)
    assert found.left_out == 2  # the norm and the bias
    missed = {name: (change_in(lora, name) - change[f"{name}.weight"]).square().sum() for name in SHAPES}
    whole = sum(value.square().sum() for value in change.values())
    left = change["norm.weight"].square().sum() + change["proj.bias"].square().sum()
    assert found.error == pytest.approx(sqrt((sum(missed.values()) + left) / whole), rel=1e-3)
    for each in found.modules:
        name = each.name.removeprefix("unet.")
        square = change[f"{name}.weight"].square().sum()
        assert each.error == pytest.approx(sqrt(missed[name] / square), rel=1e-3)
        assert each.share == pytest.approx(float(square / whole), rel=1e-3)


def test_no_pair_of_the_rank_is_nearer(tmp_path: Path) -> None:
    """Against all singular values in float64, also where only some are computed."""
    generator = torch.Generator().manual_seed(4)
    change = (
        torch.randn(320, 300, generator=generator, dtype=torch.float64)
        @ torch.diag(0.97 ** torch.arange(300.0)).double()
    )
    values = torch.linalg.svdvals(change)
    made = cut(change.float())
    for rank in RANKS:
        told = (made.left[:, :rank] * made.values[:rank]) @ made.right[:rank]
        best = float(values[rank:].square().sum().sqrt())
        assert float((change - told.double()).norm()) == pytest.approx(best, rel=2e-3)


def test_the_rank_is_the_smallest_that_is_near_enough() -> None:
    made = cut(low_rank(rank=20)["proj.weight"])
    large = 10**9
    assert chosen_rank([made], 0.0, large) == 32
    assert chosen_rank([made], 0.0, size=620 * 16 * 4) == 16  # more would not be small beside the model
    assert chosen_rank([made], made.square, large) == RANKS[-1]  # half the change is no pair's to tell
    assert chosen_rank([replace(made, square=made.square * 1.03)], 0.0, large) == 32


def test_the_same_model_gives_the_same_file(tmp_path: Path) -> None:
    contents = []
    for _ in range(2):
        extracted(tmp_path, low_rank(rank=150))
        contents.append((tmp_path / "lora.safetensors").read_bytes())
    assert contents[0] == contents[1]


def test_the_file_is_read_as_any_upload_in_that_naming(tmp_path: Path) -> None:
    extracted(tmp_path, low_rank(rank=6))
    header = TensorFile(tmp_path / "lora.safetensors").header
    assert PeftLoraFormat(NoConfig()).recognise(header)
    plan = PeftLoraFormat(NoConfig()).plan(header, LAYOUT)
    check_plan(plan, header, LAYOUT)
    assert {(target.module, target.alpha, target.alpha_value) for target in plan.low_rank} == {
        (name, None, None) for name in SHAPES
    }


@pytest.mark.parametrize(
    ("change", "code"), [({}, "nothing_changed"), ({"norm.weight": torch.ones(96)}, "nothing_changed")]
)
def test_refuses_a_model_without_a_changed_layer(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    with pytest.raises(UnsupportedFileError) as refused:
        extracted(tmp_path, change)
    assert refused.value.code == code


def test_refuses_a_base_that_it_can_not_read(tmp_path: Path) -> None:
    save_file(base(), tmp_path / "tuned.safetensors")
    with pytest.raises(UnsupportedFileError) as refused:
        extract(TARGETS, Changes(TensorFile(tmp_path / "tuned.safetensors"), {}), LAYOUT, tmp_path / "lora.safetensors")
    assert refused.value.code == "no_base_weights"

"""What peft trains is served as peft computes it: its own layers, with random weights, on layers of the small base."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from peft import LoHaConfig, LoKrConfig, LoraConfig, get_peft_model_state_dict, inject_adapter_in_model
from safetensors.torch import save_file
from torch import nn

from hub.plugin_api import AdapterFormat, ModelLayout, NoConfig
from plugins.lycoris.format import LycorisFormat
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.layout import layout_of_models
from plugins.sdxl.opened import merged
from serving.adapters.api import open_pack
from tests.serving_jobs import made_into_pack

pytestmark = pytest.mark.torch

INPUTS = {
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_q": (2, 7, 96),
    "mid_block.attentions.0.transformer_blocks.0.ff.net.2": (2, 7, 384),
    "down_blocks.1.resnets.0.conv_shortcut": (2, 32, 8, 8),
    "down_blocks.1.resnets.0.conv1": (2, 32, 8, 8),
    "down_blocks.0.downsamplers.0.conv": (2, 32, 8, 8),
}
TARGETS = list(INPUTS)


@pytest.fixture
def unet(tiny_base: Path) -> UNet2DConditionModel:
    return UNet2DConditionModel.from_pretrained(tiny_base, subfolder="unet")


def outputs(model: nn.Module, parameters: Mapping[str, torch.Tensor] | None = None) -> dict[str, torch.Tensor]:
    """What each layer gives for the same random input, with some of the model's parameters in place of its own."""
    found = {}
    for path, shape in INPUTS.items():
        x = torch.randn(shape, generator=torch.Generator().manual_seed(3))
        own = {name.removeprefix(f"{path}."): value for name, value in (parameters or {}).items() if path in name}
        with torch.no_grad():
            found[path] = torch.func.functional_call(model.get_submodule(path), own, (x,))
    return found


def randomised(unet: nn.Module, config: Any) -> dict[str, torch.Tensor]:
    """Put peft's layers into the model and give them random weights; returns peft's own state dict."""
    inject_adapter_in_model(config, unet)
    generator = torch.Generator().manual_seed(9)
    for name, parameter in unet.named_parameters():
        if any(part in name for part in ("lora_", "hada_", "lokr_")):
            drawn = torch.randn(parameter.shape, generator=generator) * 0.2
            parameter.data = drawn.abs() + 0.5 if "magnitude" in name else drawn
    return {name: tensor.clone() for name, tensor in get_peft_model_state_dict(unet).items()}


def served(file: Path, adapter_format: AdapterFormat, layout: ModelLayout, base: nn.Module) -> dict[str, torch.Tensor]:
    """Every changed parameter at weight 1."""
    pack = open_pack(made_into_pack(file, file.parent, adapter_format, layout).path)
    found = dict(merged({}, [(delta, 1.0) for delta in pack.deltas], {"unet": base}).get("unet", {}))
    for part in pack.low_rank:
        own = base.get_parameter(f"{part.module}.weight").detach()
        down, up = (pack.file.tensor(each).flatten(1) for each in (part.down, part.up))
        change = up @ down * (part.alpha / part.rank)
        found[f"{part.module}.weight"] = own + change.reshape(own.shape)
    return found


def assert_equal(
    ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor], plain: dict[str, torch.Tensor]
) -> None:
    for path, output in theirs.items():
        assert (output - plain[path]).abs().max() > 0.01, path
        assert (ours[path] - output).abs().max() <= 1e-5 * output.abs().max(), path


@pytest.mark.parametrize("use_dora", [False, True])
@pytest.mark.parametrize("use_rslora", [False, True])
def test_lora_and_dora(
    unet: UNet2DConditionModel, tiny_base: Path, tmp_path: Path, use_dora: bool, use_rslora: bool
) -> None:
    base, layout = unet, layout_of_models({"unet": unet})
    theirs = UNet2DConditionModel.from_pretrained(tiny_base, subfolder="unet")
    pattern = {"down_blocks.1.resnets.0.conv1": 3}
    config = LoraConfig(
        r=4, lora_alpha=6, target_modules=TARGETS, use_dora=use_dora, use_rslora=use_rslora,
        rank_pattern=pattern, alpha_pattern=pattern,
    )  # fmt: skip
    state = randomised(theirs, config)
    settings = {
        f"unet.{name}": value
        for name, value in config.to_dict().items()
        if isinstance(value, str | int | float | dict | bool)
    }
    file = tmp_path / "peft.safetensors"
    metadata = {"lora_adapter_metadata": json.dumps(settings)}
    save_file({f"unet.{name}": tensor.contiguous() for name, tensor in state.items()}, file, metadata=metadata)
    ours = served(file, PeftLoraFormat(NoConfig()), layout, base)
    assert_equal(outputs(base, ours), outputs(theirs), outputs(base))


@pytest.mark.parametrize("rank", [3, 9])
@pytest.mark.parametrize("tucker", [False, True])
@pytest.mark.parametrize("config", [LoHaConfig, LoKrConfig])
def test_loha_and_lokr(
    unet: UNet2DConditionModel, tiny_base: Path, tmp_path: Path, config: Any, tucker: bool, rank: int
) -> None:
    base, layout = unet, layout_of_models({"unet": unet})
    theirs = UNet2DConditionModel.from_pretrained(tiny_base, subfolder="unet")
    # At the higher rank peft keeps a LoKr whole and scales it by alpha / rank all the same, which LyCORIS never does.
    alpha = 5 if rank == 3 else rank
    state = randomised(theirs, config(r=rank, alpha=alpha, target_modules=TARGETS, use_effective_conv2d=tucker))
    file = tmp_path / "lycoris.safetensors"
    save_file(in_lycoris_naming(state, alpha=float(alpha)), file)
    ours = served(file, LycorisFormat(NoConfig()), layout, base)
    assert_equal(outputs(base, ours), outputs(theirs), outputs(base))


def in_lycoris_naming(state: dict[str, torch.Tensor], alpha: float) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        module, _, ending = name.rpartition(".")
        flat = f"lycoris_{module.replace('.', '_')}"
        tensors |= {f"{flat}.{ending}": tensor.contiguous(), f"{flat}.alpha": torch.tensor(alpha)}
    return tensors


@pytest.mark.parametrize(("rank", "alpha"), [(3, 5), (9, 9)])
@pytest.mark.parametrize("config", [LoHaConfig, LoKrConfig])
def test_a_folder_of_a_loha_or_lokr_with_its_config_beside_the_tensors(
    unet: UNet2DConditionModel, tiny_base: Path, tmp_path: Path, config: Any, rank: int, alpha: int
) -> None:
    base, layout = unet, layout_of_models({"unet": unet})
    theirs = UNet2DConditionModel.from_pretrained(tiny_base, subfolder="unet")
    pattern = {"down_blocks.1.resnets.0.conv1": 2}
    settings = config(r=rank, alpha=alpha, target_modules=TARGETS, rank_pattern=pattern, alpha_pattern=pattern)
    state = randomised(theirs, settings)
    file = tmp_path / "adapter_model.safetensors"
    beside = {name: value for name, value in settings.to_dict().items() if isinstance(value, str | int | float | dict)}
    tensors = {f"base_model.model.{name}": tensor.contiguous() for name, tensor in state.items()}
    save_file(tensors, file, metadata={"lora_adapter_metadata": json.dumps(beside)})
    ours = served(file, PeftLoraFormat(NoConfig()), layout, base)
    assert_equal(outputs(base, ours), outputs(theirs), outputs(base))

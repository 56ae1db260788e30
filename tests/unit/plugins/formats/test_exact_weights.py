"""Every kind of adapter, on every kind of layer, changes a weight as the reference does from the same file."""

from pathlib import Path
from typing import cast

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from torch import nn

from hub.plugin_api import ModelLayout, NoConfig
from plugins.lycoris.format import LycorisFormat
from plugins.sdxl.layout import layout_of_models
from plugins.sdxl.opened import merged
from serving.adapters.api import AdapterPack, open_pack
from tests.factories.adapter_kinds import EVERYWHERE, ON_KERNELS, PAIRS, Draw, Tensors, norm
from tests.serving_jobs import made_into_pack
from tests.unit.plugins.formats.reference import expected

pytestmark = pytest.mark.torch

LINEAR = (
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
    "mid_block.attentions.0.transformer_blocks.0.ff.net.2",
    "time_embedding.linear_1",
    "add_embedding.linear_1",
)
KERNELS = ("conv_in", "conv_out", "down_blocks.0.downsamplers.0.conv", "up_blocks.1.resnets.0.conv1")
POINTS = ("down_blocks.1.resnets.0.conv_shortcut",)
NORMS = ("mid_block.resnets.0.norm1", "mid_block.attentions.0.transformer_blocks.0.norm2", "conv_norm_out")
CASES = [(kind, LINEAR + KERNELS + POINTS) for kind in EVERYWHERE] + [(kind, KERNELS) for kind in ON_KERNELS]
CLOSE = 2e-6
"""Of the weight's largest number: a few roundings of float32."""


@pytest.fixture(scope="module")
def unet(tiny_base: Path) -> UNet2DConditionModel:
    return UNet2DConditionModel.from_pretrained(tiny_base, subfolder="unet")


@pytest.fixture(scope="module")
def layout(unet: UNet2DConditionModel) -> ModelLayout:
    return layout_of_models({"unet": unet})


def file_of(kind: str, modules: tuple[str, ...], unet: nn.Module) -> Tensors:
    """The tensors of a LyCORIS file that changes these modules."""
    draw = Draw(torch.Generator().manual_seed(5))
    make = (EVERYWHERE | ON_KERNELS | {"norm": norm})[kind]
    tensors: Tensors = {}
    for module in modules:
        shape = tuple(unet.get_parameter(f"{module}.weight").shape)
        tensors |= {f"{flat(module)}.{ending}": t for ending, t in make(draw, shape).items()}
    return tensors


def packed(tensors: Tensors, layout: ModelLayout, folder: Path) -> AdapterPack:
    path = folder / "file.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    return open_pack(made_into_pack(path, folder, LycorisFormat(NoConfig()), layout).path)


def served(pack: AdapterPack, weight: float, unet: nn.Module) -> Tensors:
    """Every changed parameter: those of pairs by the definition of LoRA, the others as the engine computes them."""
    found: Tensors = {}
    for part in pack.low_rank:
        own = unet.get_parameter(f"{part.module}.weight").detach()
        down, up = (pack.file.tensor(each).flatten(1) for each in (part.down, part.up))
        change = up @ down * (part.alpha / part.rank)
        found[f"{part.module}.weight"] = own + weight * change.reshape(own.shape)
    changes = [(delta, weight) for delta in pack.deltas]
    return found | dict(merged({}, changes, {"unet": unet}).get("unet", {}))


def wanted(tensors: Tensors, weight: float, unet: nn.Module) -> Tensors:
    """Every changed weight in float64."""
    found = {}
    for path, module in unet.named_modules():
        parts = {
            name.partition(".")[2]: tensor for name, tensor in tensors.items() if name.startswith(f"{flat(path)}.")
        }
        if parts:
            found[f"{path}.weight"] = expected(parts, cast("torch.Tensor", module.weight), weight)
    return found


def flat(path: str) -> str:
    return f"lycoris_{path.replace('.', '_')}"


def assert_close(ours: Tensors, theirs: Tensors) -> None:
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert (tensor - theirs[name]).abs().max() <= CLOSE * theirs[name].abs().max(), name


# Whether a LoKr of whole factors is a pair depends on the weight's size.
@pytest.mark.parametrize(("kind", "modules"), [case for case in CASES if case[0] != "lokr_whole"])
def test_pairs_are_pairs_and_the_rest_deltas(
    kind: str, modules: tuple[str, ...], unet: nn.Module, layout: ModelLayout, tmp_path: Path
) -> None:
    pack = packed(file_of(kind, modules, unet), layout, tmp_path)
    assert (len(pack.low_rank), len(pack.deltas)) == ((len(modules), 0) if kind in PAIRS else (0, len(modules)))


@pytest.mark.parametrize(("kind", "modules"), CASES)
@pytest.mark.parametrize("weight", [1.0, -0.6])
def test_the_weight_is_what_the_reference_computes(
    kind: str, modules: tuple[str, ...], weight: float, unet: nn.Module, layout: ModelLayout, tmp_path: Path
) -> None:
    tensors = file_of(kind, modules, unet)
    assert_close(served(packed(tensors, layout, tmp_path), weight, unet), wanted(tensors, weight, unet))


@pytest.mark.parametrize("weight", [1.0, -0.6])
def test_norms_gain_the_file_s_numbers(weight: float, unet: nn.Module, layout: ModelLayout, tmp_path: Path) -> None:
    tensors = file_of("norm", NORMS, unet)
    theirs = {
        f"{path}.{parameter}": unet.get_parameter(f"{path}.{parameter}").detach()
        + weight * tensors[f"{flat(path)}.{ending}"]
        for path in NORMS
        for ending, parameter in {"w_norm": "weight", "b_norm": "bias"}.items()
    }
    assert_close(served(packed(tensors, layout, tmp_path), weight, unet), theirs)


@pytest.mark.parametrize("kind", ["ia3_out", "ia3_in"])
def test_ia3_scales_what_goes_in_or_comes_out(kind: str, unet: nn.Module, layout: ModelLayout, tmp_path: Path) -> None:
    """arXiv 2205.05638: activations times a trained vector, which is 1 + the file's numbers."""
    weight, modules = 0.7, ("down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", "conv_out")
    tensors = file_of(kind, modules, unet)
    ours = served(packed(tensors, layout, tmp_path), weight, unet)
    for path, shape in {modules[0]: (2, 64), modules[1]: (2, 32, 6, 6)}.items():
        module = cast("nn.Linear | nn.Conv2d", unet.get_submodule(path))
        x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        numbers = tensors[f"{flat(path)}.weight"]
        scaling = 1 + weight * numbers.reshape((1, -1) + (1,) * (x.ndim - 2))
        bias = 0 if module.bias is None else module.bias.reshape((1, -1) + (1,) * (x.ndim - 2))
        with torch.no_grad():
            theirs = module(x * scaling) if kind == "ia3_in" else (module(x) - bias) * scaling + bias
            y = torch.func.functional_call(module, {"weight": ours[f"{path}.weight"]}, (x,))
        assert (y - theirs).abs().max() <= 1e-5 * theirs.abs().max()

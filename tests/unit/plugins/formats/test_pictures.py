"""The engine draws with each kind of adapter what diffusers draws once the reference's weights are put into its models."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from hub.plugin_api import LocalPack, ModelLayout, NoConfig
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.kohya_lora.names import flat_name, sgm_names
from plugins.sdxl.engine import SdxlEngine
from tests.factories.adapter_kinds import EVERYWHERE, ON_KERNELS, Draw, Tensors, norm
from tests.serving_jobs import drawn_by_diffusers, job, made_into_pack, pixels, run_together, run_with
from tests.unit.plugins.formats.reference import expected

pytestmark = pytest.mark.torch
KINDS = EVERYWHERE | ON_KERNELS | {"norm": norm}
WEIGHT = 0.8


def modules_for(kind: str, layout: ModelLayout) -> list[tuple[str, str]]:
    """Component and path: some of every sort of layer, in the UNet and both text encoders where it has them."""
    components = ("unet", "text_encoder", "text_encoder_2")
    if kind == "norm":
        return [(component, path) for component in components for path in layout.norms(component)][::5]
    found = [(component, path, shape) for component in components for path, shape in layout.modules(component).items()]
    return [(component, path) for component, path, shape in found if kind not in ON_KERNELS or shape[2:] == (3, 3)][::4]


def kohya_file(kind: str, layout: ModelLayout, path: Path) -> dict[tuple[str, str], Tensors]:
    """Write the file; returns its tensors by module and ending."""
    draw = Draw(torch.Generator().manual_seed(8))
    sgm = sgm_names([*layout.modules("unet"), *layout.norms("unet")])
    parts: dict[tuple[str, str], Tensors] = {}
    tensors: Tensors = {}
    for component, module in modules_for(kind, layout):
        own = KINDS[kind](draw, layout.components[component][f"{module}.weight"])
        parts[component, module] = own
        name = sgm[module] if component == "unet" else flat_name(component, module)
        tensors |= {f"{name}.{ending}": tensor.contiguous() for ending, tensor in own.items()}
    save_file(tensors, path)
    return parts


def put_into(pipeline: Any, parts: dict[tuple[str, str], Tensors]) -> None:
    """The reference's weights, and biases of norms, in place of the models' own."""
    for (component, module), own in parts.items():
        layer = getattr(pipeline, component).get_submodule(module)
        layer.weight.data = expected(own, layer.weight, WEIGHT).float()
        if "b_norm" in own:
            layer.bias.data += WEIGHT * own["b_norm"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_the_reference_s(
    kind: str, sdxl_engine: SdxlEngine, plain_pipeline: Any, tmp_path: Path
) -> None:
    file = tmp_path / "style.safetensors"
    parts = kohya_file(kind, sdxl_engine.layout(), file)
    before = sdxl_engine.fingerprint()
    pack: LocalPack = made_into_pack(file, tmp_path, KohyaLoraFormat(NoConfig()), sdxl_engine.layout(), weight=WEIGHT)
    plain, ours = pixels(run_with(sdxl_engine, job())), pixels(run_with(sdxl_engine, job(), [pack]))
    put_into(plain_pipeline, parts)
    assert np.abs(ours - drawn_by_diffusers(plain_pipeline, job())).max() <= 1
    assert np.abs(ours - plain).mean() > 1
    assert sdxl_engine.fingerprint() == before


def packs_of(kinds: list[str], engine: SdxlEngine, folder: Path) -> list[LocalPack]:
    packs = []
    for kind in kinds:
        kohya_file(kind, engine.layout(), folder / f"{kind}.safetensors")
        packs.append(
            made_into_pack(
                folder / f"{kind}.safetensors", folder, KohyaLoraFormat(NoConfig()), engine.layout(), weight=WEIGHT / 2
            )
        )
    return packs


def test_deltas_and_pairs_of_one_request_add_up_from_the_same_base(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, tmp_path: Path
) -> None:
    kinds = ["dora", "loha_wide", "ia3_out", "lora"]
    packs = packs_of(kinds, sdxl_engine, tmp_path)
    parts = {kind: kohya_file(kind, sdxl_engine.layout(), tmp_path / "again.safetensors") for kind in kinds}
    for component, module in parts["dora"]:
        layer = getattr(plain_pipeline, component).get_submodule(module)
        own = layer.weight.detach().double()
        change = sum(expected(parts[kind][component, module], own, WEIGHT / 2) - own for kind in kinds)
        layer.weight.data = (own + change).float()
    ours = pixels(run_with(sdxl_engine, job(), packs))
    assert np.abs(ours - drawn_by_diffusers(plain_pipeline, job())).max() <= 1


def test_requests_with_different_deltas_run_side_by_side(sdxl_engine: SdxlEngine, tmp_path: Path) -> None:
    dora, norms, lora = packs_of(["dora", "norm", "lora"], sdxl_engine, tmp_path)
    worn: list[list[LocalPack]] = [[dora], [norms], [lora], [dora, lora], []]
    alone = [pixels(run_with(sdxl_engine, job(), packs)) for packs in worn]
    together = run_together(sdxl_engine, [(job(), packs, turn % 2) for turn, packs in enumerate(worn)])
    for image, own in zip(together, alone, strict=True):
        assert np.abs(pixels(image) - own).max() <= 1
    assert len({own.tobytes() for own in alone}) == len(worn)

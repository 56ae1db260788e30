"""SDXL-Lightning's LoRA: its real layout on SDXL 1.0's own modules, and a picture of such a file beside peft's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import EulerDiscreteScheduler
from safetensors.torch import save_file

from hub.plugin_api import ModelLayout, NoConfig
from hub.tensor_file import FileHeader, TensorInfo
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.kohya_lora.names import flat_name, sgm_names
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.layout import layout_of_configs
from plugins.sdxl.plugin import INFO
from serving.adapters.checks import check_plan
from tests.sdxl_1_0 import CONFIGS
from tests.serving_jobs import drawn_by_diffusers, job, made_into_pack, pixels, run_with

pytestmark = pytest.mark.torch
RANK = 64
# It leaves these alone and has a LoRA for every other Linear and Conv2d: resnets, samplers and attention.
OUTSIDE = ("conv_in", "conv_out", "time_embedding.", "add_embedding.")
LIGHTNING = {"scheduler": "euler/trailing", "guidance_scale": 0.0, "steps": 4}


def lightning_modules(layout: ModelLayout) -> dict[str, tuple[int, ...]]:
    return {path: shape for path, shape in layout.modules("unet").items() if not path.startswith(OUTSIDE)}


def lightning_shapes(layout: ModelLayout, naming: str, rank: int) -> dict[str, tuple[int, ...]]:
    """All tensors of the file. Its names are kohya's; blocks are numbered as diffusers does or as Stability does."""
    modules = lightning_modules(layout)
    sgm = sgm_names(modules)
    shapes: dict[str, tuple[int, ...]] = {}
    for path, (out, into, *kernel) in modules.items():
        name = sgm[path] if naming == "sgm" else flat_name("unet", path)
        shapes[f"{name}.lora_down.weight"] = (rank, into, *kernel)
        shapes[f"{name}.lora_up.weight"] = (out, rank, *([1] * len(kernel)))
        shapes[f"{name}.alpha"] = ()
    return shapes


@pytest.mark.parametrize("naming", ["sgm", "diffusers"])
def test_its_788_modules_have_their_place_in_sdxl(naming: str) -> None:
    layout = layout_of_configs(CONFIGS)
    shapes = lightning_shapes(layout, naming, RANK)
    # Kept in half precision, which makes 394 MB, as the published files have.
    header = FileHeader({name: TensorInfo("F16", shape, 0, 0) for name, shape in shapes.items()}, {}, 0)
    plan = KohyaLoraFormat(NoConfig()).plan(header, layout)
    check_plan(plan, header, layout)
    assert (len(shapes), len(plan.low_rank)) == (2364, 788)
    assert {(target.component, target.module) for target in plan.low_rank} == {
        ("unet", path) for path in lightning_modules(layout)
    }


@pytest.mark.parametrize("naming", ["sgm", "diffusers"])
@pytest.mark.parametrize("steps", [1, 4])
def test_it_draws_what_peft_makes_of_it_in_few_steps_without_guidance(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, tmp_path: Path, naming: str, steps: int
) -> None:
    file, wanted = tmp_path / "lightning.safetensors", job(**LIGHTNING | {"steps": steps})
    save_file(random_lightning(sdxl_engine.layout(), naming), file)
    plain_pipeline.load_lora_weights(str(file))
    plain_pipeline.scheduler = EulerDiscreteScheduler.from_config(
        plain_pipeline.scheduler.config, timestep_spacing="trailing"
    )
    pack = made_into_pack(file, tmp_path, KohyaLoraFormat(NoConfig()), sdxl_engine.layout())
    ours = pixels(run_with(sdxl_engine, wanted, [pack]))
    assert np.abs(ours - drawn_by_diffusers(plain_pipeline, wanted)).max() <= 1
    assert np.abs(ours - pixels(run_with(sdxl_engine, wanted))).mean() > 2


def test_the_page_offers_its_scheduler() -> None:
    assert LIGHTNING["scheduler"] in INFO.schedulers


def random_lightning(layout: ModelLayout, naming: str, rank: int = 8) -> dict[str, torch.Tensor]:
    """With an alpha that is not the rank, so that a file whose alphas went astray would draw something else."""
    generator = torch.Generator().manual_seed(5)
    tensors = {}
    for name, shape in lightning_shapes(layout, naming, rank).items():
        spread = 0.1 if name.endswith("lora_up.weight") else 0.3
        tensors[name] = torch.randn(shape, generator=generator) * spread if shape else torch.tensor(float(rank) / 2)
    return tensors

"""A DoRA is served as LyCORIS' own modules compute it, which load the very file: every layer's weight at weight 1."""

from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from lycoris import create_lycoris_from_weights
from safetensors.torch import save_file

from hub.plugin_api import NoConfig
from plugins.lycoris.format import LycorisFormat
from plugins.sdxl.layout import layout_of_models
from plugins.sdxl.opened import merged
from serving.adapters.api import open_pack
from tests.factories.adapter_kinds import Draw, dora
from tests.serving_jobs import made_into_pack

pytestmark = pytest.mark.torch
MODULES = (
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_q",
    "mid_block.attentions.0.transformer_blocks.0.ff.net.2",
    "down_blocks.0.downsamplers.0.conv",
    "down_blocks.1.resnets.0.conv_shortcut",
)
CLOSE = 2e-6
"""Of a weight's largest number: a few roundings of float32."""


def test_a_dora_is_what_lycoris_makes_of_the_file(tiny_base: Path, tmp_path: Path) -> None:
    unet = UNet2DConditionModel.from_pretrained(tiny_base, subfolder="unet")
    draw, file = Draw(torch.Generator().manual_seed(5)), tmp_path / "dora.safetensors"
    own = {path: unet.get_parameter(f"{path}.weight") for path in MODULES}
    names = {path: f"lycoris_{path.replace('.', '_')}" for path in MODULES}
    save_file(
        {f"{names[path]}.{end}": part for path in MODULES for end, part in dora(draw, tuple(own[path].shape)).items()},
        file,
    )
    network, _ = create_lycoris_from_weights(1.0, str(file), unet)
    theirs = {module.lora_name: module.get_merged_weight()[0].detach() for module in network.loras}
    pack = open_pack(made_into_pack(file, tmp_path, LycorisFormat(NoConfig()), layout_of_models({"unet": unet})).path)
    ours = merged({}, [(delta, 1.0) for delta in pack.deltas], {"unet": unet})["unet"]
    for path in MODULES:
        expected = theirs[names[path]]
        assert (ours[f"{path}.weight"] - expected).abs().max() <= CLOSE * expected.abs().max(), path
        assert (own[path] - expected).abs().max() > 0.1, path

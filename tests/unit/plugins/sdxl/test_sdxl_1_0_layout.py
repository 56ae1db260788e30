"""The real layout of SDXL 1.0, built from its configuration on the meta device: no weights, all the names and shapes."""

import math
import re

import pytest
import torch
from diffusers.configuration_utils import FrozenDict
from diffusers.loaders import lora_conversion_utils

from hub.plugin_api import ModelLayout
from plugins.kohya_lora.names import flat_name, kohya_names, sgm_names
from plugins.kohya_lora.places import adaptable
from plugins.sdxl.layout import layout_of_configs
from tests.sdxl_1_0 import CONFIGS, KOHYA_TRAINS, UNET

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def layout() -> ModelLayout:
    return layout_of_configs(CONFIGS)


def test_has_the_published_number_of_parameters(layout: ModelLayout) -> None:
    counts = {name: sum(map(math.prod, shapes.values())) for name, shapes in layout.components.items()}
    assert counts == {
        "unet": 2_567_463_684,
        "text_encoder": 123_060_480,
        "text_encoder_2": 694_659_840,
        "vae": 83_653_863,
    }


def test_each_of_the_722_modules_that_kohya_trains_has_one_sgm_name(layout: ModelLayout) -> None:
    trained = [module for module in layout.modules("unet") if KOHYA_TRAINS.search(module)]
    names = sgm_names(layout.modules("unet"))
    assert len(trained) == 722
    assert len({names[module] for module in trained}) == 722


def test_the_sgm_names_are_those_that_diffusers_reads(layout: ModelLayout) -> None:
    names = sgm_names(layout.modules("unet"))
    assert {name: as_diffusers_reads(name) for name in names.values()} == {name: path for path, name in names.items()}


def test_every_sgm_module_is_covered(layout: ModelLayout) -> None:
    assert layout.modules("unet").keys() == sgm_names(layout.modules("unet")).keys()


def test_no_two_modules_share_a_name(layout: ModelLayout) -> None:
    for component in ("unet", "text_encoder", "text_encoder_2"):
        modules = adaptable(layout, component)
        names = kohya_names(component, modules)
        assert set(names.values()) == set(modules)
        assert {flat_name(component, module): module for module in modules}.items() <= names.items()


def test_every_normalisation_layer_has_a_place_and_an_sgm_name(layout: ModelLayout) -> None:
    counts = {name: len(layout.norms(name)) for name in ("unet", "text_encoder", "text_encoder_2")}
    assert counts == {"unet": 256, "text_encoder": 25, "text_encoder_2": 65}
    assert sgm_names(adaptable(layout, "unet")).keys() >= layout.norms("unet").keys()
    assert layout.norms("unet").keys().isdisjoint(layout.modules("unet"))


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("lora_unet_input_blocks_0_0", "conv_in"),
        ("lora_unet_input_blocks_3_0_op", "down_blocks.0.downsamplers.0.conv"),
        ("lora_unet_input_blocks_4_0_skip_connection", "down_blocks.1.resnets.0.conv_shortcut"),
        (
            "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q",
            "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
        ),
        ("lora_unet_input_blocks_8_1_proj_in", "down_blocks.2.attentions.1.proj_in"),
        ("lora_unet_middle_block_1_proj_out", "mid_block.attentions.0.proj_out"),
        ("lora_unet_middle_block_2_in_layers_2", "mid_block.resnets.1.conv1"),
        ("lora_unet_output_blocks_2_2_conv", "up_blocks.0.upsamplers.0.conv"),
        (
            "lora_unet_output_blocks_5_1_transformer_blocks_1_ff_net_0_proj",
            "up_blocks.1.attentions.2.transformer_blocks.1.ff.net.0.proj",
        ),
        ("lora_unet_output_blocks_8_0_emb_layers_1", "up_blocks.2.resnets.2.time_emb_proj"),
        ("lora_unet_label_emb_0_2", "add_embedding.linear_2"),
        ("lora_unet_out_2", "conv_out"),
        ("lora_unet_out_0", "conv_norm_out"),
        ("lora_unet_input_blocks_1_0_in_layers_0", "down_blocks.0.resnets.0.norm1"),
        ("lora_unet_middle_block_2_out_layers_0", "mid_block.resnets.1.norm2"),
        ("lora_unet_output_blocks_0_1_norm", "up_blocks.0.attentions.0.norm"),
        ("lora_unet_time_embed_0", "time_embedding.linear_1"),
    ],
)
def test_names_as_trainers_write_them(layout: ModelLayout, name: str, module: str) -> None:
    assert kohya_names("unet", adaptable(layout, "unet"))[name] == module


def test_text_encoder_names_as_trainers_write_them(layout: ModelLayout) -> None:
    """transformers 5 dropped `text_model.` from the first encoder's paths, not from the second's."""
    first, second = (
        kohya_names(component, layout.modules(component)) for component in ("text_encoder", "text_encoder_2")
    )
    assert first["lora_te1_text_model_encoder_layers_11_mlp_fc1"] == "encoder.layers.11.mlp.fc1"
    assert second["lora_te2_text_model_encoder_layers_31_mlp_fc1"] == "text_model.encoder.layers.31.mlp.fc1"
    assert second["lora_te2_text_projection"] == "text_projection"


def as_diffusers_reads(name: str) -> str:
    """The module that diffusers' own converter finds for a kohya name."""
    file = {f"{name}.lora_down.weight": torch.zeros(1), f"{name}.lora_up.weight": torch.zeros(1)}
    mapped = lora_conversion_utils._maybe_map_sgm_blocks_to_diffusers(file, FrozenDict(UNET))
    converted, _ = lora_conversion_utils._convert_non_diffusers_lora_to_diffusers(mapped)
    key = next(key for key in converted if ".down." in key or "lora_A" in key).removeprefix("unet.")
    path = re.sub(r"(_lora|\.lora)\.down\.weight$|\.lora_A\.weight$", "", key.replace(".processor.", "."))
    return re.sub(r"\.to_out$", ".to_out.0", path)

"""Formats see headers only, so these tests hold no weights."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin_api import LowRankTarget, ModelLayout, NoConfig, Shape, UnsupportedFileError
from hub.tensor_file import FileHeader, TensorInfo
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.kohya_lora.names import flat_name, kohya_names, sgm_names

UNET: dict[str, Shape] = {
    "conv_in.weight": (8, 4, 3, 3),
    "down_blocks.0.resnets.0.conv1.weight": (8, 8, 3, 3),
    "down_blocks.0.resnets.1.conv1.weight": (8, 8, 3, 3),
    "down_blocks.1.attentions.0.proj_in.weight": (8, 8),
    "up_blocks.0.attentions.2.proj_in.weight": (8, 8),
}
TEXT: dict[str, Shape] = {"encoder.layers.0.mlp.fc1.weight": (8, 4)}
TEXT_2: dict[str, Shape] = {"text_model.encoder.layers.0.mlp.fc1.weight": (8, 4)}
COMPONENTS: dict[str, dict[str, Shape]] = {"unet": UNET, "text_encoder": TEXT, "text_encoder_2": TEXT_2}
LAYOUT = ModelLayout(
    COMPONENTS,
    {name: frozenset(key.removesuffix(".weight") for key in keys) for name, keys in COMPONENTS.items()},
)
DOWN_1 = "lora_unet_input_blocks_4_1_proj_in"


def header(*names: str) -> FileHeader:
    return FileHeader({name: TensorInfo("F16", (4, 8), 0, 64) for name in names}, {}, 8)


def pair(module: str) -> tuple[str, str]:
    return f"{module}.lora_down.weight", f"{module}.lora_up.weight"


def refusal(*names: str) -> UnsupportedFileError:
    with pytest.raises(UnsupportedFileError) as refused:
        KohyaLoraFormat(NoConfig()).plan(header(*names), LAYOUT)
    return refused.value


@pytest.mark.parametrize(
    ("name", "component", "module"),
    [
        (DOWN_1, "unet", "down_blocks.1.attentions.0.proj_in"),
        ("lora_unet_down_blocks_1_attentions_0_proj_in", "unet", "down_blocks.1.attentions.0.proj_in"),
        ("lora_unet_output_blocks_2_1_proj_in", "unet", "up_blocks.0.attentions.2.proj_in"),
        ("lora_unet_input_blocks_0_0", "unet", "conv_in"),
        ("lora_unet_input_blocks_2_0_in_layers_2", "unet", "down_blocks.0.resnets.1.conv1"),
        ("lora_te1_text_model_encoder_layers_0_mlp_fc1", "text_encoder", "encoder.layers.0.mlp.fc1"),
        ("lora_te2_text_model_encoder_layers_0_mlp_fc1", "text_encoder_2", "text_model.encoder.layers.0.mlp.fc1"),
    ],
)
def test_finds_the_module(name: str, component: str, module: str) -> None:
    file = header(*pair(name), f"{name}.alpha")
    assert KohyaLoraFormat(NoConfig()).recognise(file)
    assert KohyaLoraFormat(NoConfig()).plan(file, LAYOUT).low_rank == (
        LowRankTarget(component, module, *pair(name), f"{name}.alpha"),
    )


def test_a_missing_alpha_is_left_to_mean_the_rank() -> None:
    (target,) = KohyaLoraFormat(NoConfig()).plan(header(*pair(DOWN_1)), LAYOUT).low_rank
    assert (target.alpha, target.alpha_value) == (None, None)


@pytest.mark.parametrize(
    ("names", "code", "said"),
    [
        ((f"{DOWN_1}.oft_blocks", f"{DOWN_1}.rescale"), "unsupported_kind", "OFT"),
        ((f"{DOWN_1}.a1.weight", f"{DOWN_1}.b1.weight"), "unsupported_kind", "GLoRA"),
        ((*pair(DOWN_1), f"{DOWN_1}.lambda_layer"), "unsupported_kind", "T-LoRA"),
        ((f"{DOWN_1}.lokr_w1_a", f"{DOWN_1}.lokr_t1"), "unsupported_kind", "LoKr with a Tucker core"),
        ((*pair(DOWN_1), f"{DOWN_1}.scalar"), "unsupported_kind", "scalar"),
        ((*pair(DOWN_1), "bundle_emb.ruin.clip_l"), "half_embedding", "ruin"),
        ((*pair(DOWN_1), f"{DOWN_1}.hada_w1_a"), "mixed_kinds", "LoRA and LoHa"),
        ((*pair(DOWN_1), f"{DOWN_1}.diff"), "mixed_kinds", "LoRA and diff"),
        ((f"{DOWN_1}.hada_w1_a", f"{DOWN_1}.hada_w1_b"), "incomplete_module", "hada_w2_a"),
        ((f"{DOWN_1}.lokr_w1",), "incomplete_module", "lokr_w2"),
        ((f"{DOWN_1}.lokr_w1", f"{DOWN_1}.lokr_w2_a"), "incomplete_module", "lokr_w2_b"),
        ((f"{DOWN_1}.lokr_w1", f"{DOWN_1}.lokr_w2", f"{DOWN_1}.lokr_w2_a"), "incomplete_module", "lokr_w2"),
        ((f"{DOWN_1}.on_input",), "incomplete_module", "weight"),
        ((f"{DOWN_1}.weight",), "incomplete_module", "weight"),
        ((f"{DOWN_1}.diff", f"{DOWN_1}.alpha"), "incomplete_module", "alpha"),
        ((f"{DOWN_1}.diff", f"{DOWN_1}.dora_scale"), "incomplete_module", "dora_scale"),
        ((f"{DOWN_1}.alpha",), "incomplete_module", "alpha"),
        ((*pair(DOWN_1), f"{DOWN_1}.alpha", *pair("lora_unet_input_blocks_0_0")), "unclear_alpha", "input_blocks_0_0"),
        ((*pair(DOWN_1), *pair("lora_unet_down_blocks_0_resnets_0_conv1")), "mixed_names", "Stability"),
        (pair("lora_unet_input_blocks_7_1_proj_in"), "unknown_modules", "lora_unet_input_blocks_7_1_proj_in"),
        (pair("lora_te_text_model_encoder_layers_0_mlp_fc1"), "unknown_modules", "lora_te_text_model"),
        ((*pair(DOWN_1), "unet.conv_in.lora_A.weight"), "unknown_modules", "unet"),
        ((f"{DOWN_1}.lora_down.weight",), "incomplete_module", "lora_up.weight"),
        ((*pair(DOWN_1), f"{DOWN_1}.bias"), "unknown_modules", "bias"),
    ],
)
def test_refuses_what_it_would_serve_wrongly(names: tuple[str, ...], code: str, said: str) -> None:
    error = refusal(*names)
    assert (error.code, said in error.message) == (code, True)


def test_does_not_recognise_other_formats() -> None:
    found = [
        KohyaLoraFormat(NoConfig()).recognise(header(name))
        for name in ("unet.conv_in.lora_A.weight", "conv_in.weight", "lycoris_unet_conv_in.lora_down.weight")
    ]
    assert found == [False, False, False]


def unet_modules(down_blocks: int, resnets: int, attention_from: int) -> list[str]:
    """Module paths of a UNet with SDXL's way of numbering and any number of blocks."""
    paths = [
        "conv_in",
        "conv_out",
        "time_embedding.linear_1",
        "mid_block.attentions.0.proj_in",
        "mid_block.resnets.1.conv2",
    ]
    for block in range(down_blocks):
        up = down_blocks - 1 - block
        paths += [f"down_blocks.{block}.resnets.{index}.conv1" for index in range(resnets)]
        paths += [f"up_blocks.{up}.resnets.{index}.time_emb_proj" for index in range(resnets + 1)]
        if block >= attention_from:
            paths += [f"down_blocks.{block}.attentions.{index}.proj_in" for index in range(resnets)]
            paths += [f"up_blocks.{up}.attentions.{index}.proj_out" for index in range(resnets + 1)]
            paths += [f"up_blocks.{up}.upsamplers.0.conv"] * (block > 0)
        if block < down_blocks - 1:
            paths.append(f"down_blocks.{block}.downsamplers.0.conv")
    return paths


@given(down_blocks=st.integers(1, 5), resnets=st.integers(1, 4), attention_from=st.integers(0, 4))
def test_every_name_leads_back_to_its_module(down_blocks: int, resnets: int, attention_from: int) -> None:
    paths = unet_modules(down_blocks, resnets, attention_from)
    names, sgm = kohya_names("unet", paths), sgm_names(paths)
    assert [(names[flat_name("unet", path)], names[sgm[path]]) for path in paths] == [(path, path) for path in paths]
    assert len(set(sgm.values())) == len(set(paths))

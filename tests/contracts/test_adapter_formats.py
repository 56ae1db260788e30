"""The in-tree adapter formats keep the contract that plugin authors inherit."""

from dataclasses import replace

from hub.plugin_api import AdapterFormat, ModelLayout, NoConfig, Shape
from hub.tensor_file import FileHeader, TensorInfo
from hub.testing.adapter_format_contract import AdapterFormatContract
from plugins.diffusers_old_lora.format import OldLoraFormat
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.lycoris.format import LycorisFormat
from plugins.onetrainer_lora.format import OneTrainerFormat
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.unet_format import SdxlUnetFormat
from plugins.textual_inversion.format import TextualInversionFormat

UNET: dict[str, Shape] = {
    "conv_in.weight": (8, 4, 3, 3),
    "conv_norm_out.weight": (8,),
    "conv_norm_out.bias": (8,),
    "conv_out.weight": (4, 8, 3, 3),
    "conv_out.bias": (4,),
    "time_embedding.linear_1.weight": (16, 8),
    "mid_block.attentions.0.proj_in.weight": (8, 6),
}
TEXT: dict[str, Shape] = {"text_model.encoder.layers.0.mlp.fc1.weight": (8, 4)}
COMPONENTS = {"unet": UNET, "text_encoder_2": TEXT}
TABLES: dict[str, dict[str, Shape]] = {
    "text_encoder": {"embeddings.token_embedding.weight": (40, 8), "embeddings.position_embedding.weight": (77, 8)},
    "text_encoder_2": {
        "text_model.embeddings.token_embedding.weight": (40, 12),
        "text_model.embeddings.position_embedding.weight": (77, 12),
    },
}
LAYOUT = ModelLayout(
    COMPONENTS,
    {
        component: frozenset(name.removesuffix(".weight") for name, shape in parameters.items() if len(shape) > 1)
        for component, parameters in COMPONENTS.items()
    },
)


def header_of(shapes: dict[str, Shape]) -> FileHeader:
    """Offsets play no part in a plan."""
    return FileHeader({name: TensorInfo("F16", shape, 0, 0) for name, shape in shapes.items()}, {}, 8)


class TestKohyaLora(AdapterFormatContract):
    def adapter_format(self) -> AdapterFormat:
        return KohyaLoraFormat(NoConfig())

    def header(self) -> FileHeader:
        unet, text = "lora_unet_middle_block_1_proj_in", "lora_te2_text_model_encoder_layers_0_mlp_fc1"
        return header_of(
            {
                f"{unet}.lora_down.weight": (2, 6),
                f"{unet}.lora_up.weight": (8, 2),
                f"{unet}.alpha": (),
                f"{text}.lora_down.weight": (2, 4),
                f"{text}.lora_up.weight": (8, 2),
                f"{text}.alpha": (),
            }
        )

    def layout(self) -> ModelLayout:
        return LAYOUT


class TestLycoris(AdapterFormatContract):
    def adapter_format(self) -> AdapterFormat:
        return LycorisFormat(NoConfig())

    def header(self) -> FileHeader:
        return header_of(
            {
                "lycoris_conv_in.lokr_w1": (2, 2),
                "lycoris_conv_in.lokr_w2_a": (4, 1),
                "lycoris_conv_in.lokr_w2_b": (1, 2, 3, 3),
                "lycoris_conv_in.alpha": (),
                "lycoris_conv_norm_out.w_norm": (8,),
                "lycoris_conv_norm_out.b_norm": (8,),
                "lycoris_conv_out.diff": (4, 8, 3, 3),
                "lycoris_conv_out.diff_b": (4,),
                "lycoris_mid_block_attentions_0_proj_in.weight": (6,),
                "lycoris_mid_block_attentions_0_proj_in.on_input": (),
            }
        )

    def layout(self) -> ModelLayout:
        return LAYOUT


class TestOneTrainerLora(AdapterFormatContract):
    def adapter_format(self) -> AdapterFormat:
        return OneTrainerFormat(NoConfig())

    def header(self) -> FileHeader:
        unet, text = "unet.middle_block.1.proj_in", "clip_g.text_model.encoder.layers.0.mlp.fc1"
        return header_of(
            {
                f"{unet}.lora_down.weight": (2, 6),
                f"{unet}.lora_up.weight": (8, 2),
                f"{unet}.alpha": (),
                f"{unet}.dora_scale": (1, 6),
                f"{text}.lora_down.weight": (2, 4),
                f"{text}.lora_up.weight": (8, 2),
                f"{text}.alpha": (),
            }
        )

    def layout(self) -> ModelLayout:
        return LAYOUT


class TestDiffusersOldLora(AdapterFormatContract):
    def adapter_format(self) -> AdapterFormat:
        return OldLoraFormat(NoConfig())

    def header(self) -> FileHeader:
        unet, text = "unet.mid_block.attentions.0.proj_in", "text_encoder_2.text_model.encoder.layers.0.mlp.fc1"
        return header_of(
            {
                f"{unet}.lora.down.weight": (2, 6),
                f"{unet}.lora.up.weight": (8, 2),
                f"{text}.lora_linear_layer.down.weight": (2, 4),
                f"{text}.lora_linear_layer.up.weight": (8, 2),
            }
        )

    def layout(self) -> ModelLayout:
        return LAYOUT


class TestPeftLora(AdapterFormatContract):
    def adapter_format(self) -> AdapterFormat:
        return PeftLoraFormat(NoConfig())

    def header(self) -> FileHeader:
        unet, text = "unet.mid_block.attentions.0.proj_in", "text_encoder_2.text_model.encoder.layers.0.mlp.fc1"
        return header_of(
            {
                f"{unet}.lora_A.weight": (2, 6),
                f"{unet}.lora_B.weight": (8, 2),
                f"{text}.lora_A.weight": (2, 4),
                f"{text}.lora_B.weight": (8, 2),
            }
        )

    def layout(self) -> ModelLayout:
        return LAYOUT


class TestSdxlUnet(AdapterFormatContract):
    def adapter_format(self) -> AdapterFormat:
        return SdxlUnetFormat(NoConfig())

    def header(self) -> FileHeader:
        return header_of(UNET)

    def layout(self) -> ModelLayout:
        return LAYOUT


class TestTextualInversion(AdapterFormatContract):
    def adapter_format(self) -> AdapterFormat:
        return TextualInversionFormat(NoConfig())

    def header(self) -> FileHeader:
        return replace(header_of({"clip_l": (2, 8), "clip_g": (2, 12)}), file_name="ruin.safetensors")

    def layout(self) -> ModelLayout:
        return ModelLayout(TABLES)

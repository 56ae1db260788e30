"""The old naming of diffusers: what is no pair of a module that the base has is refused with its names."""

import pytest

from hub.plugin_api import ModelLayout, NoConfig, UnsupportedFileError
from hub.tensor_file import FileHeader, TensorInfo
from plugins.diffusers_old_lora.format import OldLoraFormat

LAYOUT = ModelLayout(
    {"unet": {"conv_in.weight": (8, 4, 3, 3), "attn1.to_q.weight": (8, 8)}},
    {"unet": frozenset({"conv_in", "attn1.to_q"})},
)
PAIR = ("unet.attn1.processor.to_q_lora.down.weight", "unet.attn1.processor.to_q_lora.up.weight")


@pytest.mark.parametrize(
    ("names", "code", "said"),
    [
        ((*PAIR, "unet.attn1.to_q.alpha"), "unknown_tensors", "unet.attn1.to_q.alpha"),
        ((*PAIR, "unet.conv_in.lora_A.weight"), "unknown_tensors", "unet.conv_in.lora_A.weight"),
        (PAIR[:1], "incomplete_module", PAIR[0]),
        ((*PAIR, "unet.attn1.to_q.lora.down.weight"), "incomplete_module", "unet.attn1.to_q.lora.down.weight"),
        ((*PAIR, "conv_in.lora.down.weight", "conv_in.lora.up.weight"), "mixed_names", "conv_in.lora.down.weight"),
        (("unet.mid.lora.down.weight", "unet.mid.lora.up.weight"), "unknown_modules", "unet.mid"),
        (("text_encoder.x.lora.down.weight", "text_encoder.x.lora.up.weight"), "unknown_modules", "text_encoder.x"),
    ],
)
def test_refuses_what_it_would_serve_wrongly(names: tuple[str, ...], code: str, said: str) -> None:
    header = FileHeader({name: TensorInfo("F16", (4, 8), 0, 64) for name in names}, {}, 8)
    with pytest.raises(UnsupportedFileError) as refused:
        OldLoraFormat(NoConfig()).plan(header, LAYOUT)
    assert (refused.value.code, said in refused.value.message) == (code, True)


def test_does_not_recognise_other_formats() -> None:
    names = ("unet.conv_in.lora_A.weight", "lora_unet_conv_in.lora_down.weight", "unet.conv_in.lora_down.weight")
    found = [
        OldLoraFormat(NoConfig()).recognise(FileHeader({name: TensorInfo("F16", (4, 8), 0, 64)}, {}, 8))
        for name in names
    ]
    assert found == [False, False, False]

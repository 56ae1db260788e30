"""The styles that the storm wears, of three ranks, and one that replaces weights instead of adding to them."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from hub.plugin_api import LocalPack, ModelLayout, NoConfig
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.kohya_lora.names import flat_name
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.samples import write_peft_lora
from tests.factories.adapter_kinds import Draw, dora
from tests.serving_jobs import made_into_pack

STYLES = 12
RANKS = (4, 8, 16)
DORA_ON = ("mid_block.attentions.0.transformer_blocks.0.attn1.to_q", "down_blocks.0.resnets.0.conv1")


def styles(folder: Path, base: Path, layout: ModelLayout) -> list[LocalPack]:
    return [_style(folder, base, layout, number) for number in range(STYLES)]


def widest(packs: list[LocalPack]) -> list[LocalPack]:
    return [pack for number, pack in enumerate(packs) if _rank(number) == max(RANKS)]


def stretching(folder: Path, layout: ModelLayout) -> LocalPack:
    """A DoRA, which the engine computes with the base's own weights."""
    draw, shapes = Draw(torch.Generator().manual_seed(STYLES)), layout.modules("unet")
    tensors = {
        f"{flat_name('unet', module)}.{ending}": own
        for module in DORA_ON
        for ending, own in dora(draw, shapes[module]).items()
    }
    file = folder / "dora.safetensors"
    save_file(tensors, file)
    return made_into_pack(file, folder, KohyaLoraFormat(NoConfig()), layout)


def _style(folder: Path, base: Path, layout: ModelLayout, number: int) -> LocalPack:
    file = write_peft_lora(base, folder / f"style{number}.safetensors", _rank(number), number, strength=0.1)
    return made_into_pack(file, folder, PeftLoraFormat(NoConfig()), layout)


def _rank(number: int) -> int:
    return RANKS[number % len(RANKS)]

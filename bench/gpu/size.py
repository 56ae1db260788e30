"""How large a run of the benchmark is: SDXL in full on a card, or a few layers on a CPU to see that all of it runs."""

from dataclasses import dataclass
from typing import Any

import torch

from plugins.sdxl.tiny_base import UNET as TINY_UNET
from tests.sdxl_1_0 import CONFIGS


@dataclass(frozen=True)
class Size:
    """`configs` are by component; what is left out is as in the tiny base. Sides in pixels, `probe` in bytes."""

    name: str
    device: str
    dtype: torch.dtype
    backend: str
    configs: dict[str, dict[str, Any]]
    side: int
    small_side: int
    steps: int
    swaps: int
    turns: int
    probe: int
    matmul: int
    device_bytes: int

    @property
    def words(self) -> str:
        precision = str(self.dtype).removeprefix("torch.")
        card = torch.cuda.get_device_name() if self.device == "cuda" else "CPU"
        return f"{self.name}, fast mode, {precision}, {self.backend}, {card}"


FULL = Size(
    name="SDXL with random weights",
    device="cuda",
    dtype=torch.bfloat16,
    backend="inductor",
    configs=CONFIGS,
    side=1024,
    small_side=512,
    steps=30,
    swaps=1000,
    turns=15,
    probe=2**30,
    matmul=8192,
    device_bytes=2**35,
)
TINY = Size(
    name="a few layers",
    device="cpu",
    dtype=torch.float32,
    backend="eager",
    configs={
        "unet": {
            **TINY_UNET,
            "down_block_types": ("CrossAttnDownBlock2D",),
            "up_block_types": ("CrossAttnUpBlock2D",),
            "block_out_channels": (32,),
            "layers_per_block": 1,
            "transformer_layers_per_block": 1,
            "attention_head_dim": 2,
        }
    },
    side=64,
    small_side=64,
    steps=2,
    swaps=10,
    turns=2,
    probe=2**22,
    matmul=256,
    device_bytes=2**26,
)

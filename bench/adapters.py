"""Adapters for benchmarks: diffusers' own naming, the modules that trainers choose unless told otherwise, random values."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

from hub.plugin_api import Shape
from tests.sdxl_1_0 import KOHYA_TRAINS

STRENGTH = 0.1  # Of a weight's own spread, or a base of random weights would give numbers out of range.


def write_adapter(path: Path, modules: Mapping[str, Shape], rank: int, seed: int, dtype: torch.dtype) -> Path:
    """`modules` are the UNet's weight shapes by path."""
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    for module, (out, *into) in modules.items():
        if KOHYA_TRAINS.search(module):
            down = torch.randn(rank, *into, generator=generator) / into[0] ** 0.5
            up = torch.randn(out, rank, *[1] * (len(into) - 1), generator=generator) * STRENGTH / rank**0.5
            tensors |= {f"unet.{module}.lora_A.weight": down.to(dtype), f"unet.{module}.lora_B.weight": up.to(dtype)}
    save_file(tensors, path)
    return path

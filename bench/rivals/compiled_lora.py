"""diffusers as its guides have it: one padded adapter in a UNet compiled by its blocks, exchanged for each request."""

from pathlib import Path
from typing import Any

import torch

from bench.rivals import diffusers_lora


def pipeline(base: Path, first: Path, rank: int, *, dtype: torch.dtype, device: str, backend: str) -> Any:
    """Ready for `diffusers_lora.hotswap` with adapters of up to this rank; its first picture compiles."""
    made = diffusers_lora.pipeline(base, dtype=dtype, device=device)
    made.enable_lora_hotswap(target_rank=rank)
    made.load_lora_weights(str(first), adapter_name="style")
    made.unet.compile_repeated_blocks(fullgraph=True, dynamic=False, backend=backend)
    return made

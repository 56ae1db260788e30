"""Serving one LoRA per request with diffusers and peft, three ways to change from one to the next."""

from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline


def pipeline(
    base: Path, adapters: dict[str, Path] | None = None, *, dtype: torch.dtype = torch.float32, device: str = "cpu"
) -> Any:
    """With all adapters loaded, for `set_adapters`."""
    made = StableDiffusionXLPipeline.from_pretrained(base, dtype=dtype, add_watermarker=False).to(device)
    made.set_progress_bar_config(disable=True)
    for name, path in (adapters or {}).items():
        made.load_lora_weights(str(path), adapter_name=name)
    return made


def load_and_unload(pipe: Any, path: Path) -> None:
    pipe.unload_lora_weights()
    pipe.load_lora_weights(str(path), adapter_name="style")


def hotswap(pipe: Any, path: Path) -> None:
    """After a first load with `enable_lora_hotswap`; hotswapping takes no text encoder keys, so `path` has none."""
    pipe.load_lora_weights(str(path), adapter_name="style", hotswap=True)


def set_adapters(pipe: Any, name: str, weight: float = 1.0) -> None:
    pipe.set_adapters([name], [weight])

"""Writes a base of a given size with random weights: speed needs SDXL's shapes, not its values, and nothing is downloaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from bench.gpu.size import Size
from plugins.sdxl import tiny_base

MADE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "unet": lambda config: UNet2DConditionModel(**config),
    "vae": lambda config: AutoencoderKL(**config),
    "text_encoder": lambda config: CLIPTextModel(CLIPTextConfig(**config)),
    "text_encoder_2": lambda config: CLIPTextModelWithProjection(CLIPTextConfig(**config)),
}


def write_base(folder: Path, size: Size) -> Path:
    """A diffusers folder, with the tokenizers and the scheduler of the tiny base."""
    pipeline = tiny_base.build()
    with torch.device(size.device), torch.random.fork_rng():
        torch.manual_seed(0)
        for name, config in size.configs.items():
            pipeline.register_modules(**{name: MADE[name](config | _token_ids(pipeline, name)).to(size.dtype)})
    pipeline.save_pretrained(folder)
    return folder


def _token_ids(pipeline: Any, name: str) -> dict[str, int]:
    if not name.startswith("text_encoder"):
        return {}
    config = getattr(pipeline, name).config
    return {each: getattr(config, each) for each in ("bos_token_id", "eos_token_id", "pad_token_id")}

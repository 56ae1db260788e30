"""Opens a base as diffusers' StableDiffusionXLPipeline: from a folder, a hub id, or one file in Stability's own layout."""

from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline

from plugins.sdxl.plugin import SdxlConfig


def open_pipeline(config: SdxlConfig) -> Any:
    """Raises ValueError for a base whose images this engine would make wrongly in silence."""
    pipeline = _from_one_file(config) if config.is_one_file else _from_folder(config)
    if pipeline.unet.config.time_cond_proj_dim is not None:
        raise ValueError("This base is distilled with a guidance embedding; the sdxl engine can't serve it.")
    if getattr(pipeline.vae.config, "latents_mean", None) is not None:
        raise ValueError("This base shifts its latents by a mean (latents_mean); the sdxl engine can't serve it.")
    return pipeline


def _from_folder(config: SdxlConfig) -> Any:
    return StableDiffusionXLPipeline.from_pretrained(
        config.base, dtype=getattr(torch, config.dtype), add_watermarker=False
    )


def _from_one_file(config: SdxlConfig) -> Any:
    pipeline = StableDiffusionXLPipeline.from_single_file(
        config.base,
        config=config.base_config,
        torch_dtype=getattr(torch, config.dtype),
        local_files_only=True,
        add_watermarker=False,
    )
    # diffusers tells the two encoders in the file apart by their widths alone, and would load the first one twice.
    if pipeline.text_encoder.config.hidden_size == pipeline.text_encoder_2.config.hidden_size:
        raise ValueError("The text encoders in this file are equally wide. Convert it to a diffusers folder instead.")
    return pipeline

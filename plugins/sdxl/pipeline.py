"""Opens a base or a refiner as diffusers' pipeline: from a folder, a hub id, or one file in Stability's own layout."""

from typing import Any

import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline
from torch import nn

from plugins.sdxl.plugin import SdxlConfig, is_one_file

ALIGNMENT = 64


def open_pipeline(config: SdxlConfig) -> Any:
    """Raises ValueError for a base whose images this engine would make wrongly in silence."""
    return _opened(StableDiffusionXLPipeline, config.base, config.base_config, config.dtype)


def open_refiner(config: SdxlConfig) -> Any:
    """The image-to-image pipeline, which alone knows of aesthetic scores. Raises ValueError, as above."""
    pipeline = _opened(StableDiffusionXLImg2ImgPipeline, config.refiner, config.refiner_config, config.dtype)
    if pipeline.text_encoder_2 is None:
        raise ValueError("This refiner has no second text encoder; the sdxl engine can't serve it.")
    return pipeline


def _opened(maker: Any, model: str, configuration: str, dtype: str) -> Any:
    own = getattr(torch, dtype)
    if is_one_file(model):
        pipeline = _from_one_file(maker, model, configuration, own)
    else:
        pipeline = maker.from_pretrained(model, dtype=own, add_watermarker=False)
    if pipeline.unet.config.time_cond_proj_dim is not None:
        raise ValueError("This model is distilled with a guidance embedding; the sdxl engine can't serve it.")
    if getattr(pipeline.vae.config, "latents_mean", None) is not None:
        raise ValueError("This model shifts its latents by a mean (latents_mean); the sdxl engine can't serve it.")
    align(pipeline)
    return pipeline


def align(pipeline: Any) -> None:
    """Let every weight begin on a multiple of 64 bytes, wherever its file had it.

    Kernels that look at the alignment round differently, and the same base would draw other last bits when its weights are
    read from another file.
    """
    for component in pipeline.components.values():
        for weight in component.parameters() if isinstance(component, nn.Module) else ():
            if weight.data_ptr() % ALIGNMENT:
                weight.data = weight.data.clone()  # in memory of torch's own, which is aligned


def _from_one_file(maker: Any, file: str, configuration: str, dtype: torch.dtype) -> Any:
    pipeline = maker.from_single_file(
        file, config=configuration, torch_dtype=dtype, local_files_only=True, add_watermarker=False
    )
    first, second = pipeline.text_encoder, pipeline.text_encoder_2
    # diffusers tells the two encoders in the file apart by their widths alone, and would load the first one twice.
    if first is not None and second is not None and first.config.hidden_size == second.config.hidden_size:
        raise ValueError("The text encoders in this file are equally wide. Convert it to a diffusers folder instead.")
    return pipeline

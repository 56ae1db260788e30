"""The base as the ordinary diffusers folder that StableDiffusionXLPipeline loads."""

from copy import deepcopy
from pathlib import Path

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from transformers import CLIPTokenizer

from training.base import SCHEDULER
from training.text import TextEncoders

WEIGHTS = ("vae", "unet", "text_encoder", "text_encoder_2")


def pipeline(
    vae: AutoencoderKL, unet: UNet2DConditionModel, text: TextEncoders, tokenizer: CLIPTokenizer
) -> StableDiffusionXLPipeline:
    """The trained parts, put together as SDXL's are."""
    made = StableDiffusionXLPipeline(
        vae=vae,
        text_encoder=text.first,
        text_encoder_2=text.second,
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet,
        scheduler=EulerDiscreteScheduler.from_config(SCHEDULER),
        add_watermarker=False,
    )
    made.set_progress_bar_config(disable=True)
    return made


def load(folder: Path) -> StableDiffusionXLPipeline:
    """A base in float32, ready to be trained on or to draw."""
    made = StableDiffusionXLPipeline.from_pretrained(folder, torch_dtype=torch.float32, add_watermarker=False)
    made.set_progress_bar_config(disable=True)
    return made


def save(made: StableDiffusionXLPipeline, folder: Path) -> None:
    """Write the folder in float16: half the bytes, and no difference that an eye can see."""
    # A copy, because training goes on with the weights as they are.
    parts = {name: deepcopy(getattr(made, name)).to(torch.float16) for name in WEIGHTS}
    rest = {name: part for name, part in made.components.items() if name not in WEIGHTS}
    StableDiffusionXLPipeline(**parts, **rest, add_watermarker=False).save_pretrained(folder)

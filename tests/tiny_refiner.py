"""A refiner with the topology of SDXL 1.0's and random weights, beside the small base whose vocabulary it shares.

Four levels where the base has three, the second text encoder alone, and an aesthetic score in place of the target size:
stabilityai/stable-diffusion-xl-refiner-1.0, model_index.json and unet/config.json.
"""

from typing import Any

import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, UNet2DConditionModel

from plugins.sdxl.tiny_base import TEXT_WIDTH, TIME_ID_WIDTH, UNET, build

TIME_IDS = 5
REFINER_UNET = {
    **UNET,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (32, 64, 96, 96),
    "transformer_layers_per_block": (1, 1, 1, 1),
    "attention_head_dim": (2, 4, 6, 6),
    "cross_attention_dim": TEXT_WIDTH,
    "projection_class_embeddings_input_dim": TEXT_WIDTH + TIME_IDS * TIME_ID_WIDTH,
}


def build_refiner(seed: int = 1) -> Any:
    """Its VAE and text encoder are another base's: whoever uses the wrong ones makes another picture."""
    other = build(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = UNet2DConditionModel(**REFINER_UNET)
        # As in the base, so that its pictures depend on prompt and steps.
        unet.conv_out.weight.data *= 2
        for name, module in unet.named_modules():
            if name.endswith("attn2.to_out.0"):
                module.weight.data *= 4
    return StableDiffusionXLImg2ImgPipeline(
        vae=other.vae,
        text_encoder=None,
        text_encoder_2=other.text_encoder_2,
        tokenizer=None,
        tokenizer_2=other.tokenizer_2,
        unet=unet,
        scheduler=other.scheduler,
        requires_aesthetics_score=True,
        force_zeros_for_empty_prompt=False,
        add_watermarker=False,
    )

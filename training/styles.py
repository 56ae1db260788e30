"""Stage 4: one LoRA per look, which turns the frozen base's drawings into that look's.

Its part on the text encoders learns what the look's pictures are, as in stage 2; its part on the UNet, how they are drawn.
"""

from pathlib import Path

from diffusers import StableDiffusionXLPipeline
from torch import Tensor

from training import parallel
from training.base import BATCH, Noise, denoising_loss
from training.encoded import TrainingSet, encoded
from training.layout import fitted_heads, reading_loss
from training.loop import Stage, train
from training.lora import TEXT_TARGETS, UNET_TARGETS, add_lora, lora_of
from training.text import TextEncoders

UNET_RANK, TEXT_RANK = 6, 16
TEXT_STEPS_PER_STEP = 3  # a step on text alone costs a tenth


def train_style(
    made: StableDiffusionXLPipeline, own: TrainingSet, look: TrainingSet, name: str, folder: Path, steps: int
) -> dict[str, Tensor]:
    """Train a LoRA that turns the base's `own` look into `look`. Returns its tensors under diffusers' names."""
    text = TextEncoders(made.text_encoder, made.text_encoder_2)
    heads = fitted_heads(text, own)
    learned = [
        parameter for encoder in (text.first, text.second) for parameter in add_lora(encoder, TEXT_RANK, TEXT_TARGETS)
    ]
    stage = Stage(f"style-{name}-text", TEXT_STEPS_PER_STEP * steps, 4e-3, warm_up=20)
    train(stage, learned, reading_loss(text, heads, look), folder, averaging=0.99).swap()

    data, noise, batch = encoded(text, look), Noise(), BATCH // parallel.processes()
    learned = add_lora(made.unet, UNET_RANK, UNET_TARGETS)
    stage = Stage(f"style-{name}", steps, 2e-3, warm_up=20)
    train(
        stage, learned, lambda draw: denoising_loss(made.unet, data, noise, draw, batch), folder, averaging=0.98
    ).swap()
    parts = {"unet": made.unet, "text_encoder": text.first, "text_encoder_2": text.second}
    return {key: value for name, part in parts.items() for key, value in lora_of(part, name).items()}

"""Stage 3: one LoRA per look, which turns the frozen base's drawings into that look's."""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from torch.nn import functional

from training.base import BATCH, EMPTY_CAPTIONS, TIME_IDS, Noise, TextEncoders, TrainingSet
from training.loop import Stage, train
from training.lora import add_lora, take_lora

RANK = 8


@dataclass(frozen=True)
class Encoded:
    """What a frozen base needs of a training set: latents (n, 8, 16, 16), and each caption's embeddings, once.

    hidden (n, k, 32, 192) in float16, pooled (n, k, 96).
    """

    latents: Tensor
    hidden: Tensor
    pooled: Tensor

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Latents, hidden states and pooled embeddings of `count` random pictures with a random caption each."""
        rows = torch.randint(0, len(self.latents), (count,), generator=generator)
        chosen = torch.randint(0, self.pooled.shape[1], (count,), generator=generator)
        return self.latents[rows], self.hidden[rows, chosen].float(), self.pooled[rows, chosen]


@torch.no_grad()
def encoded(text: TextEncoders, data: TrainingSet) -> Encoded:
    unique, where = data.captions.flatten(0, 1).unique(dim=0, return_inverse=True)
    parts = [text.encode(chunk) for chunk in unique.split(256)]
    hidden = torch.cat([part[0] for part in parts]).to(torch.float16)
    pooled = torch.cat([part[1] for part in parts])
    where = where.view(data.captions.shape[:2])
    return Encoded(data.latents, hidden[where], pooled[where])


def train_style(unet: UNet2DConditionModel, data: Encoded, look: str, folder: Path, steps: int) -> dict[str, Tensor]:
    """Train a LoRA that turns the base's look into `look`. Returns its tensors under diffusers' names."""
    trainable, noise = add_lora(unet, RANK), Noise()

    def loss_of(generator: torch.Generator) -> Tensor:
        clean, hidden, pooled = data.draw(BATCH, generator)
        named = (torch.rand(BATCH, generator=generator) >= EMPTY_CAPTIONS).float()
        timestep = noise.timesteps(BATCH, generator)
        noisy, target = noise.mix(clean, torch.randn(clean.shape, generator=generator), timestep)
        added = {"text_embeds": pooled * named.view(-1, 1), "time_ids": TIME_IDS.expand(BATCH, -1)}
        told = hidden * named.view(-1, 1, 1)
        return functional.mse_loss(unet(noisy, timestep, told, added_cond_kwargs=added).sample, target)

    stage = Stage(f"style-{look}", steps, 2e-3, warm_up=50)
    train(stage, trainable, loss_of, folder, averaging=0.99).swap()
    return take_lora(unet)

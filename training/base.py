"""Stage 3: the UNet, from encoded captions and latents to a base that draws.

It learns v-prediction (https://arxiv.org/abs/2202.00512) on a schedule that ends in pure noise
(https://arxiv.org/abs/2305.08891): only so can a plain background take any colour that a prompt asks for. Noisy steps are
drawn more often than clean ones, since colours and shapes are decided there; min-SNR weighting would take the loss away
just there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import EulerDiscreteScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional

from training import parallel
from training.encoded import Encoded
from training.located import located
from training.loop import Stage, train
from training.pixels import SIDE
from training.text import TEXT_WIDTH
from training.vae import LATENT_CHANNELS

BATCH = 48  # of all processes together
EMPTY_CAPTIONS = 0.1
READING_WEIGHT = 0.2
TIME_ID_WIDTH = 32
TIME_IDS = torch.tensor([[SIDE, SIDE, 0, 0, SIDE, SIDE]], dtype=torch.float32)

SCHEDULER: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "rescale_betas_zero_snr": True,
    # For DDIM, which otherwise clips latents to -1..1 and ends on a step that training never saw.
    "clip_sample": False,
    "set_alpha_to_one": False,
}


def new_unet() -> UNet2DConditionModel:
    """Untrained, with SDXL's plan: Down, CrossAttn, CrossAttn, two layers a block, text_time conditioning."""
    return UNet2DConditionModel(
        sample_size=SIDE // 8,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(32, 96, 192),
        layers_per_block=2,
        transformer_layers_per_block=(1, 1, 1),
        attention_head_dim=(2, 3, 6),
        cross_attention_dim=2 * TEXT_WIDTH,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=TIME_ID_WIDTH,
        projection_class_embeddings_input_dim=TEXT_WIDTH + TIME_IDS.shape[1] * TIME_ID_WIDTH,
        norm_num_groups=16,
    )


class Noise:
    """The forward process: signal and noise levels of each of the 1,000 timesteps."""

    def __init__(self) -> None:
        alphas = EulerDiscreteScheduler.from_config(SCHEDULER).alphas_cumprod.double()
        self.signal, self.noise = alphas.sqrt().float(), (1 - alphas).sqrt().float()

    def timesteps(self, count: int, generator: torch.Generator) -> Tensor:
        """Timesteps to train on, with a density that grows in proportion to the timestep."""
        return (1000 * torch.rand(count, generator=generator).sqrt()).long()

    def levels(self, timestep: Tensor) -> tuple[Tensor, Tensor]:
        """How much of the picture and how much noise there is at each timestep: (n, 1, 1, 1) each."""
        return self.signal[timestep].view(-1, 1, 1, 1), self.noise[timestep].view(-1, 1, 1, 1)

    def mix(self, clean: Tensor, noise: Tensor, timestep: Tensor) -> tuple[Tensor, Tensor]:
        """The noisy latents and the v that a perfect model would predict."""
        signal, level = self.levels(timestep)
        return signal * clean + level * noise, signal * noise - level * clean


def denoising_loss(unet: nn.Module, data: Encoded, noise: Noise, draw: torch.Generator, batch: int) -> Tensor:
    """How far the predicted v is from the true one, over random pictures at random timesteps."""
    clean, hidden, pooled = data.draw(batch, draw)
    # SDXL's pipeline stands for "no prompt" with zeros, so that is what the model must learn to expect.
    named = (torch.rand(batch, generator=draw) >= EMPTY_CAPTIONS).float()
    timestep = noise.timesteps(batch, draw)
    noisy, target = noise.mix(clean, torch.randn(clean.shape, generator=draw), timestep)
    added = {"text_embeds": pooled * named.view(-1, 1), "time_ids": TIME_IDS.expand(batch, -1)}
    told = hidden * named.view(-1, 1, 1)
    return functional.mse_loss(unet(noisy, timestep, told, added_cond_kwargs=added).sample, target)


def train_base(
    unet: UNet2DConditionModel, data: Encoded, folder: Path, steps: int, preview: Callable[[int], None]
) -> None:
    """Train the UNet; the averaged weights end up in it."""
    noise, batch = Noise(), BATCH // parallel.processes()
    unet.to(memory_format=torch.channels_last)

    def loss_of(draw: torch.Generator) -> Tensor:
        with located(unet) as reading:
            loss = denoising_loss(unet, data, noise, draw, batch)
            return loss + READING_WEIGHT * reading.error()

    stage = Stage("base", steps, 2e-3, warm_up=40, weight_decay=0.01)
    train(stage, list(unet.parameters()), loss_of, folder, preview).swap()

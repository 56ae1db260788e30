"""Stage 2: the UNet with its two text encoders, from captions and latents to a base that draws.

It learns v-prediction (https://arxiv.org/abs/2202.00512) on a schedule that ends in pure noise
(https://arxiv.org/abs/2305.08891): only so can a plain background take any colour that a prompt asks for. Noisy steps are
drawn more often than clean ones, since colours and shapes are decided there; min-SNR weighting would take the loss away
just there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import EulerDiscreteScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from training.loop import Stage, train
from training.pixels import SIDE
from training.tokenizer import CONTEXT
from training.vae import LATENT_CHANNELS

BATCH = 32
EMPTY_CAPTIONS = 0.1
TEXT_WIDTH = 96
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


@dataclass(frozen=True)
class TrainingSet:
    """Latents (n, 8, 16, 16), normalised to unit deviation, and each one's captions as token ids (n, k, 32)."""

    latents: Tensor
    captions: Tensor


@dataclass(frozen=True)
class TextEncoders:
    first: CLIPTextModel
    second: CLIPTextModelWithProjection

    def parameters(self) -> list[nn.Parameter]:
        return [*self.first.parameters(), *self.second.parameters()]

    def encode(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Token ids (n, 32) -> hidden states (n, 32, 192) and pooled (n, 96), as SDXL's pipeline takes them."""
        one = self.first(ids, output_hidden_states=True)
        two = self.second(ids, output_hidden_states=True)
        return torch.cat([one.hidden_states[-2], two.hidden_states[-2]], dim=-1), two.text_embeds


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


def new_text_encoders(tokenizer: CLIPTokenizer) -> TextEncoders:
    def config(layers: int, activation: str) -> CLIPTextConfig:
        return CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=layers,
            num_attention_heads=3,
            max_position_embeddings=CONTEXT,
            hidden_act=activation,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )

    return TextEncoders(CLIPTextModel(config(2, "quick_gelu")), CLIPTextModelWithProjection(config(3, "gelu")))


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


def train_base(
    unet: UNet2DConditionModel,
    text: TextEncoders,
    data: TrainingSet,
    folder: Path,
    steps: int,
    preview: Callable[[int], None],
    *,
    compile_unet: bool = True,
) -> None:
    """Train both together; the averaged weights end up in `unet` and `text`."""
    noise, model = Noise(), torch.compile(unet) if compile_unet else unet

    def loss_of(generator: torch.Generator) -> Tensor:
        rows = torch.randint(0, len(data.latents), (BATCH,), generator=generator)
        chosen = torch.randint(0, data.captions.shape[1], (BATCH,), generator=generator)
        hidden, pooled = text.encode(data.captions[rows, chosen])
        # SDXL's pipeline stands for "no prompt" with zeros, so that is what the model must learn to expect.
        named = (torch.rand(BATCH, generator=generator) >= EMPTY_CAPTIONS).float()
        hidden, pooled = hidden * named.view(-1, 1, 1), pooled * named.view(-1, 1)
        timestep = noise.timesteps(BATCH, generator)
        clean = data.latents[rows]
        noisy, target = noise.mix(clean, torch.randn(clean.shape, generator=generator), timestep)
        added = {"text_embeds": pooled, "time_ids": TIME_IDS.expand(BATCH, -1)}
        predicted = model(noisy, timestep, hidden, added_cond_kwargs=added).sample
        return functional.mse_loss(predicted, target)

    stage = Stage("base", steps, 1e-3, warm_up=200, weight_decay=0.01)
    train(stage, [*unet.parameters(), *text.parameters()], loss_of, folder, preview).swap()

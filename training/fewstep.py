"""Stage 5: a LoRA that draws in one to four steps without guidance, by latent consistency distillation.

The student learns to give, from any point of the teacher's path, the picture at that path's end
(https://arxiv.org/abs/2310.04378; as a LoRA https://arxiv.org/abs/2311.05556). The teacher is the base with guidance, so
guidance is distilled along with the steps. Sampled with diffusers' LCMScheduler.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from torch.nn import functional

from training import parallel
from training.base import TIME_IDS, Noise
from training.encoded import Encoded
from training.loop import Stage, train
from training.lora import add_lora, lora_of

RANK = 4
BATCH = 16  # of all processes together
GUIDANCE = 1.5
SKIP = 20  # timesteps between neighbours on the teacher's path: 50 of them, as LCMScheduler assumes


@dataclass(frozen=True)
class Prompt:
    """Embeddings of a batch: hidden (n, 32, 192) and pooled (n, 96)."""

    hidden: Tensor
    pooled: Tensor

    def with_empty(self) -> "Prompt":
        """The batch without its prompts, then with them; zeros stand for no prompt."""
        return Prompt(
            torch.cat([torch.zeros_like(self.hidden), self.hidden]),
            torch.cat([torch.zeros_like(self.pooled), self.pooled]),
        )


class Distillation:
    """The teacher's step and the student's jump, both in terms of the picture they predict."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        self.unet = unet
        self.noise = Noise()

    def velocity(self, latents: Tensor, timestep: Tensor, prompt: Prompt) -> Tensor:
        added = {"text_embeds": prompt.pooled, "time_ids": TIME_IDS.expand(len(latents), -1)}
        predicted: Tensor = self.unet(latents, timestep, prompt.hidden, added_cond_kwargs=added).sample
        return predicted

    def picture(self, latents: Tensor, timestep: Tensor, prompt: Prompt) -> Tensor:
        """Where the student jumps to: signal x latents - noise x v."""
        signal, level = self.noise.levels(timestep)
        return signal * latents - level * self.velocity(latents, timestep, prompt)

    @torch.no_grad()
    def teacher_step(self, latents: Tensor, timestep: Tensor, prompt: Prompt) -> tuple[Tensor, Tensor]:
        """One guided DDIM step back by SKIP: the latents there, and the picture that the teacher sees."""
        self.unet.disable_adapters()
        both = self.velocity(torch.cat([latents] * 2), torch.cat([timestep] * 2), prompt.with_empty())
        self.unet.enable_adapters()
        without, with_prompt = both.chunk(2)
        velocity = without + GUIDANCE * (with_prompt - without)
        signal, level = self.noise.levels(timestep)
        picture, noise = signal * latents - level * velocity, level * latents + signal * velocity
        signal, level = self.noise.levels((timestep - SKIP).clamp(min=0))
        return signal * picture + level * noise, picture

    @torch.no_grad()
    def target(self, latents: Tensor, timestep: Tensor, prompt: Prompt) -> Tensor:
        """What the student should jump to: what it jumps to from one step on; at the path's end, the teacher's picture."""
        nearer, picture = self.teacher_step(latents, timestep, prompt)
        before = timestep - SKIP
        jumped = self.picture(nearer, before.clamp(min=0), prompt)
        return torch.where((before < 0).view(-1, 1, 1, 1), picture, jumped)


def train_few_step(unet: UNet2DConditionModel, data: Encoded, folder: Path, steps: int) -> dict[str, Tensor]:
    """Train the LoRA on the base's own look. Returns its tensors under diffusers' names."""
    trainable, model, batch = add_lora(unet, RANK), Distillation(unet), BATCH // parallel.processes()

    def loss_of(generator: torch.Generator) -> Tensor:
        clean, hidden, pooled = data.draw(batch, generator)
        prompt = Prompt(hidden, pooled)
        timestep = SKIP * torch.randint(1, 1000 // SKIP + 1, (batch,), generator=generator) - 1
        noisy, _ = model.noise.mix(clean, torch.randn(clean.shape, generator=generator), timestep)
        return functional.huber_loss(
            model.picture(noisy, timestep, prompt), model.target(noisy, timestep, prompt), delta=0.1
        )

    train(Stage("few-step", steps, 5e-5, warm_up=20), trainable, loss_of, folder, averaging=0.98).swap()
    return lora_of(unet, "unet")

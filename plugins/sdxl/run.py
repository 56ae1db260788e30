"""One generation in progress: its conditioning, latents, scheduler and generator, shared with no other."""

from dataclasses import dataclass
from typing import Any

import torch

from hub.plugin_api import Run
from plugins.sdxl.adapters import Outfit
from plugins.sdxl.prompts import Conditioning


@dataclass(eq=False)
class SdxlRun(Run):
    """latents: [1, 4, height / 8, width / 8]; time_ids: [1, 6]."""

    outfit: Outfit
    conditioning: Conditioning
    time_ids: torch.Tensor
    latents: torch.Tensor
    scheduler: Any
    generator: torch.Generator

    @property
    def rows(self) -> int:
        """In a batch: one without the prompt and one with it, or the latter alone."""
        return self.conditioning.tokens.shape[0]

    @property
    def guided(self) -> bool:
        return self.rows == 2

    @property
    def timestep(self) -> torch.Tensor:
        timestep: torch.Tensor = self.scheduler.timesteps[self.step]
        return timestep

    @property
    def done(self) -> bool:
        return self.step >= len(self.scheduler.timesteps)

    def model_input(self) -> torch.Tensor:
        """[rows, 4, height / 8, width / 8]."""
        scaled: torch.Tensor = self.scheduler.scale_model_input(torch.cat([self.latents] * self.rows), self.timestep)
        return scaled

    def advance(self, noise: torch.Tensor) -> None:
        """Take what the UNet said for this run's rows."""
        if self.guided:
            without, with_prompt = noise.chunk(2)
            noise = without + self.job.guidance_scale * (with_prompt - without)
        # Only euler_a and lcm draw from it after the first noise; the others take it and leave it alone.
        step = self.scheduler.step(noise, self.timestep, self.latents, generator=self.generator, return_dict=False)
        self.latents = step[0]
        self.step += 1

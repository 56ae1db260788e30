"""One generation in progress: its conditioning, latents, scheduler and generator, shared with no other."""

from dataclasses import dataclass, field
from typing import Any

import torch

from hub.plugin_api import Run
from plugins.sdxl.adapters import Outfit
from plugins.sdxl.prompts import Conditioning
from plugins.sdxl.schedulers import step_arguments
from plugins.sdxl.starts import Kept


@dataclass(eq=False)
class SdxlRun(Run):
    """latents: [1, 4, height / 8, width / 8]; time_ids: [1, 6]. `position` is a place in `timesteps`: the scheduler's, or the
    last of them for a run that starts at a picture. Some schedulers ask the UNet twice in a step; `step` counts to the
    job's steps all the same. `expected` is what the last step took for the latents without noise, where its scheduler says.
    """

    outfit: Outfit
    conditioning: Conditioning
    time_ids: torch.Tensor
    latents: torch.Tensor
    scheduler: Any
    generator: torch.Generator
    timesteps: torch.Tensor
    kept: Kept | None
    position: int = field(default=0, init=False)
    expected: torch.Tensor | None = field(default=None, init=False)

    @property
    def rows(self) -> int:
        """In a batch: one without the prompt and one with it, or the latter alone."""
        return self.conditioning.tokens.shape[0]

    @property
    def guided(self) -> bool:
        return self.rows == 2

    @property
    def timestep(self) -> torch.Tensor:
        timestep: torch.Tensor = self.timesteps[self.position]
        return timestep

    @property
    def done(self) -> bool:
        return self.position >= len(self.timesteps)

    def model_input(self) -> torch.Tensor:
        """[rows, 4, height / 8, width / 8]."""
        scaled: torch.Tensor = self.scheduler.scale_model_input(torch.cat([self.latents] * self.rows), self.timestep)
        return scaled

    def advance(self, noise: torch.Tensor) -> None:
        """Take what the UNet said for this run's rows."""
        if self.guided:
            without, with_prompt = noise.chunk(2)
            noise = without + self.job.guidance_scale * (with_prompt - without)
        drawn = step_arguments(self.scheduler, self.generator)
        self.latents, *more = self.scheduler.step(noise, self.timestep, self.latents, return_dict=False, **drawn)
        self.expected = more[0] if more else None
        self.position += 1
        self.step = self.position * self.job.steps // len(self.timesteps)
        if self.kept:
            self.latents = self.kept.restored(self.latents, self.scheduler, None if self.done else self.timestep)

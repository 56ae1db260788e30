"""One generation in progress: its latents and generator, and the stages it goes through, shared with no other."""

from dataclasses import dataclass, field
from typing import Any

import torch

from hub.plugin_api import Run
from plugins.sdxl.adapters import Outfit
from plugins.sdxl.prompts import Conditioning
from plugins.sdxl.schedulers import step_arguments
from plugins.sdxl.starts import Kept


@dataclass(frozen=True, eq=False)
class Stage:
    """Steps of one run that one UNet does, the base's or the refiner's: what that is told, wearing what.

    time_ids: [rows, 6], or 5 where they hold an aesthetic score. `timesteps` are the scheduler's, or some of them.
    """

    outfit: Outfit
    conditioning: Conditioning
    time_ids: torch.Tensor
    scheduler: Any
    timesteps: torch.Tensor
    refines: bool = False


@dataclass(eq=False)
class SdxlRun(Run):
    """latents: [1, 4, height / 8, width / 8]. `position` is a place in the timesteps of all stages. Some schedulers ask the
    UNet twice in a step, and a run that starts at a picture leaves steps out; `step` counts to the job's steps all the same.
    `expected` is what the last step took for the latents without noise, where its scheduler says.
    """

    outfit: Outfit
    stages: tuple[Stage, ...]
    latents: torch.Tensor
    generator: torch.Generator
    kept: Kept | None
    position: int = field(default=0, init=False)
    expected: torch.Tensor | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._evaluations = [(stage, timestep) for stage in self.stages for timestep in stage.timesteps]

    @property
    def rows(self) -> int:
        """In a batch: one without the prompt and one with it, or the latter alone."""
        return self.stages[0].conditioning.tokens.shape[0]

    @property
    def guided(self) -> bool:
        return self.rows == 2

    @property
    def stage(self) -> Stage:
        """Of the next evaluation, so there is none once the run is done."""
        return self._evaluations[self.position][0]

    @property
    def last_stage(self) -> Stage:
        """Of the evaluation before."""
        return self._evaluations[self.position - 1][0]

    @property
    def timestep(self) -> torch.Tensor:
        timestep: torch.Tensor = self._evaluations[self.position][1]
        return timestep

    @property
    def done(self) -> bool:
        return self.position >= len(self._evaluations)

    def model_input(self) -> torch.Tensor:
        """[rows, 4, height / 8, width / 8]."""
        latents = torch.cat([self.latents] * self.rows)
        scaled: torch.Tensor = self.stage.scheduler.scale_model_input(latents, self.timestep)
        return scaled

    def advance(self, noise: torch.Tensor) -> None:
        """Take what the UNet said for this run's rows."""
        scheduler = self.stage.scheduler
        if self.guided:
            without, with_prompt = noise.chunk(2)
            noise = without + self.job.guidance_scale * (with_prompt - without)
        drawn = step_arguments(scheduler, self.generator)
        self.latents, *more = scheduler.step(noise, self.timestep, self.latents, return_dict=False, **drawn)
        self.expected = more[0] if more else None
        self.position += 1
        self.step = self.position * self.job.steps // len(self._evaluations)
        if self.kept:
            self.latents = self.kept.restored(self.latents, scheduler, None if self.done else self.timestep)

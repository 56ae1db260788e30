"""The model that may do a run's last steps: it takes over from the base at a fraction of the noise.

As in diffusers, the base's StableDiffusionXLPipeline ends there (denoising_end) and the refiner's
StableDiffusionXLImg2ImgPipeline begins there (denoising_start), with a scheduler of its own that remembers no step.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from hub.jobs import GenerateJob
from hub.plugin_api import JobRefusedError
from plugins.sdxl.adapters import Outfit, Wardrobe
from plugins.sdxl.prompts import Conditioning, Prompts
from plugins.sdxl.run import Stage
from plugins.sdxl.schedulers import begin_at, new_scheduler

# The first encoder only in a model of the base's kind.
PARTS = ("text_encoder", "text_encoder_2", "unet", "vae")
AESTHETIC_SCORE, NEGATIVE_AESTHETIC_SCORE = 6.0, 2.5
"""diffusers' defaults."""


class Refiner:
    def __init__(self, pipeline: Any, wardrobe: Wardrobe) -> None:
        self.pipeline = pipeline
        self.models: dict[str, nn.Module] = {
            name: model.eval() for name in PARTS if (model := getattr(pipeline, name)) is not None
        }
        self._prompts = Prompts(pipeline, wardrobe)

    def share_weights(self, base: Mapping[str, nn.Module]) -> None:
        """Hold once what is the same in both: SDXL's refiner comes with a copy of the base's second text encoder."""
        for part, model in self.models.items():
            theirs = dict(base[part].named_parameters())
            for name, parameter in model.named_parameters():
                if name in theirs and torch.equal(parameter, theirs[name]):
                    parameter.data = theirs[name].data

    def stage(self, job: GenerateJob, start: float) -> Stage:
        """The steps after `start`, without the job's adapters: they were made for the base."""
        config = self.pipeline.scheduler.config
        scheduler = new_scheduler(job.scheduler, config, job.steps, self.pipeline.device, job.seed)
        first = _first_refined(scheduler, start)
        begin_at(scheduler, first)
        told = self._prompts.encode(job, Outfit())
        return Stage(Outfit(), told, self._time_ids(job, told), scheduler, scheduler.timesteps[first:], refines=True)

    def _time_ids(self, job: GenerateJob, told: Conditioning) -> torch.Tensor:
        """[rows, 5], or 6 for a model of the base's kind: original size, crop, then a score or the target size."""
        size = (job.height, job.width)
        ends: list[tuple[float, ...]] = [size, size]
        if self.pipeline.config.requires_aesthetics_score:
            ends = [(NEGATIVE_AESTHETIC_SCORE,), (AESTHETIC_SCORE,)]
        rows = [[*size, 0, 0, *end] for end in ends[-len(told.tokens) :]]
        return torch.tensor(rows, dtype=told.tokens.dtype, device=self.pipeline.device)


def unrefined(scheduler: Any, timesteps: torch.Tensor, start: float) -> torch.Tensor:
    """Those of `timesteps` that the base does."""
    return timesteps[timesteps >= _cut(scheduler, start)]


def refuse_idle(*stages: Stage) -> None:
    """Raises JobRefusedError."""
    if any(not len(stage.timesteps) for stage in stages):
        raise JobRefusedError(
            "refiner_start",
            "At this refiner_start the base or the refiner has no step to do. Choose one nearer to 0.5, or more steps.",
        )


def _cut(scheduler: Any, start: float) -> int:
    trained: int = scheduler.config.num_train_timesteps
    return round(trained - start * trained)


def _first_refined(scheduler: Any, start: float) -> int:
    """An index in the scheduler's timesteps."""
    left = int((scheduler.timesteps < _cut(scheduler, start)).sum())
    # Of two evaluations in one step, the second can't come without the first.
    if scheduler.order == 2 and left % 2 == 0:
        left += 1
    return len(scheduler.timesteps) - left

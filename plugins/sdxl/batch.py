"""One UNet forward for runs that have nothing in common but their size and whole model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from plugins.sdxl.adapters import Wardrobe
from plugins.sdxl.run import SdxlRun
from plugins.sdxl.run_by_run import run_by_run
from plugins.sdxl.slots.parts import Passenger


@dataclass(frozen=True)
class Batch:
    """Runs in the order of their rows, and what stays the same for all their steps together."""

    runs: tuple[SdxlRun, ...]
    tokens: torch.Tensor
    added: dict[str, torch.Tensor]

    @classmethod
    def of(cls, runs: Sequence[SdxlRun]) -> "Batch":
        # Beside each other, runs with equally large adapters share one multiplication.
        ordered = sorted(runs, key=lambda run: Passenger(run.outfit.seats("unet"), run.rows).order)
        return cls(
            tuple(ordered),
            _beside([run.conditioning.tokens for run in ordered]),
            {
                "text_embeds": _beside([run.conditioning.pooled for run in ordered]),
                "time_ids": _beside([run.time_ids.expand(run.rows, -1) for run in ordered]),
            },
        )

    def step(self, unet: Any, wardrobe: Wardrobe) -> None:
        """Advance every run by one step, each at its own timestep."""
        timesteps = torch.cat([run.timestep.reshape(1).expand(run.rows) for run in self.runs])
        rows = [run.rows for run in self.runs]
        with wardrobe.worn(["unet"], [(run.outfit, run.rows) for run in self.runs]), run_by_run(unet, rows):
            noise = unet(
                torch.cat([run.model_input() for run in self.runs]),
                timesteps,
                encoder_hidden_states=self.tokens,
                added_cond_kwargs=self.added,
                return_dict=False,
            )[0]
        for run, own in zip(self.runs, noise.split(rows), strict=True):
            run.advance(own)


def _beside(rows: Sequence[torch.Tensor]) -> torch.Tensor:
    """Not copied where a run is alone."""
    return rows[0] if len(rows) == 1 else torch.cat(list(rows))

"""One UNet forward for runs that have nothing in common but their UNet, size and whole model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

import torch

from plugins.sdxl.adapters import Outfit, Wardrobe
from plugins.sdxl.once import Kept, TextLayers
from plugins.sdxl.run import SdxlRun, Stage
from plugins.sdxl.run_by_run import run_by_run
from plugins.sdxl.slots.parts import Passenger


def alike(runs: Sequence[SdxlRun]) -> Iterator[list[SdxlRun]]:
    """What may share a forward: one UNet, whole model, size and length of prompt.

    Base and refiner have a forward each in one step, so that every run advances by one, whoever runs beside it.
    """

    def kind(run: SdxlRun) -> tuple[bool, str, int, int, int]:
        stage = run.stage
        return stage.refines, stage.outfit.model, run.job.width, run.job.height, stage.conditioning.tokens.shape[1]

    for _, own in groupby(sorted(runs, key=kind), key=kind):
        yield list(own)


class Forward(Protocol):
    """A way to compute the UNet."""

    def noise(self, batch: "Batch") -> torch.Tensor:
        """[rows of all runs, 4, height / 8, width / 8]."""


@dataclass(frozen=True)
class Batch:
    """Runs in the order of their rows, each in one of its stages, and what stays the same for all their steps together."""

    runs: tuple[SdxlRun, ...]
    stages: tuple[Stage, ...]
    tokens: torch.Tensor
    added: dict[str, torch.Tensor]
    kept: Kept = field(default_factory=dict)

    @classmethod
    def of(cls, runs: Sequence[SdxlRun]) -> "Batch":
        # Beside each other, runs with equally large adapters share one multiplication.
        ordered = sorted(runs, key=_order) if len(runs) > 1 else runs
        stages = [run.stage for run in ordered]
        return cls(
            tuple(ordered),
            tuple(stages),
            _beside([stage.conditioning.tokens for stage in stages]),
            {
                "text_embeds": _beside([stage.conditioning.pooled for stage in stages]),
                "time_ids": _beside([stage.time_ids for stage in stages]),
            },
        )

    def is_of(self, runs: Sequence[SdxlRun]) -> bool:
        """Still these runs, none of them in another stage?"""
        return set(self.stages) == {run.stage for run in runs}

    @property
    def worn(self) -> list[tuple[Outfit, int]]:
        """Of each run, what it wears and its number of rows."""
        return [(stage.outfit, run.rows) for stage, run in zip(self.stages, self.runs, strict=True)]

    def inputs(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
        """What the UNet takes for the next step, each run at its own timestep."""
        timesteps = torch.cat([run.timestep.reshape(1).expand(run.rows) for run in self.runs])
        return torch.cat([run.model_input() for run in self.runs]), timesteps, self.tokens, self.added

    def step(self, forward: Forward) -> None:
        """Advance every run by one step."""
        noise = forward.noise(self)
        for run, own in zip(self.runs, torch.split(noise, [run.rows for run in self.runs]), strict=True):
            run.advance(own)


def _order(run: SdxlRun) -> tuple[object, ...]:
    return Passenger(run.stage.outfit.seats("unet"), run.rows).order


def _beside(rows: Sequence[torch.Tensor]) -> torch.Tensor:
    """Not copied where a run is alone."""
    return rows[0] if len(rows) == 1 else torch.cat(list(rows))


class Eager:
    """The forward as torch computes it, layer after layer."""

    def __init__(self, unet: Any, wardrobe: Wardrobe) -> None:
        self._unet, self._wardrobe = unet, wardrobe
        self._text = TextLayers(unet)

    def noise(self, batch: Batch) -> torch.Tensor:
        sample, timesteps, tokens, added = batch.inputs()
        rows = [run.rows for run in batch.runs]
        with (
            self._wardrobe.worn(["unet"], batch.worn),
            run_by_run(self._unet, rows),
            self._text.keeping(batch.kept),
        ):
            noise: torch.Tensor = self._unet(
                sample, timesteps, encoder_hidden_states=tokens, added_cond_kwargs=added, return_dict=False
            )[0]
        return noise

"""One generation in progress: its conditioning, latents, scheduler and generator, shared with no other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from hub.plugin_api import Run
from plugins.sdxl.adapters import Applied


@dataclass(frozen=True)
class Conditioning:
    """What the UNet is told beside the latents; the batch is unconditional then conditional, or the latter alone.

    tokens: [batch, 77, width], pooled: [batch, width], time_ids: [batch, 6].
    """

    tokens: torch.Tensor
    pooled: torch.Tensor
    time_ids: torch.Tensor


@dataclass
class SdxlRun(Run):
    """latents: [1, 4, height / 8, width / 8]."""

    adapters: Sequence[Applied]
    conditioning: Conditioning
    latents: torch.Tensor
    scheduler: Any
    generator: torch.Generator

    @property
    def guided(self) -> bool:
        return self.conditioning.tokens.shape[0] == 2

    @property
    def done(self) -> bool:
        return self.step >= len(self.scheduler.timesteps)

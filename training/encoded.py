"""A training set whose captions are encoded once, for stages in which the text encoders are frozen."""

from dataclasses import dataclass

import torch
from torch import Tensor

from training.text import TextEncoders


@dataclass(frozen=True)
class TrainingSet:
    """Latents (n, 8, 16, 16), normalised to unit deviation, and each one's captions as token ids (n, k, 32)."""

    latents: Tensor
    captions: Tensor


@dataclass(frozen=True)
class Encoded:
    """What a frozen base needs of a training set: latents (n, 8, 16, 16), and each caption's embeddings, once.

    hidden (n, k, 32, 192) in float16, pooled (n, k, 96).
    """

    latents: Tensor
    hidden: Tensor
    pooled: Tensor

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Latents, hidden states and pooled embeddings of `count` random pictures with a random caption each."""
        rows = torch.randint(0, len(self.latents), (count,), generator=generator)
        chosen = torch.randint(0, self.pooled.shape[1], (count,), generator=generator)
        return self.latents[rows], self.hidden[rows, chosen].float(), self.pooled[rows, chosen]


@torch.no_grad()
def encoded(text: TextEncoders, data: TrainingSet) -> Encoded:
    unique, where = data.captions.flatten(0, 1).unique(dim=0, return_inverse=True)
    parts = [text.encode(chunk) for chunk in unique.split(256)]
    hidden = torch.cat([part[0] for part in parts]).to(torch.float16)
    pooled = torch.cat([part[1] for part in parts])
    where = where.view(data.captions.shape[:2])
    return Encoded(data.latents, hidden[where], pooled[where])

"""Shows the UNet's cross-attention where to read: each place of the picture at the token of its own cell."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from torch.nn import functional

from training.layout import FIRST_CELL, GRID


class Reading:
    """An attention processor that also notes how far each place is from reading its own cell.

    Two heads of three are taught; the rest stay free for the words themselves.
    """

    def __init__(self) -> None:
        self.errors: list[Tensor] = []

    def error(self) -> Tensor:
        """The mean cross-entropy over the layers called since, 0 where every place reads its own cell only."""
        return torch.stack(self.errors).mean()

    def __call__(self, attention: Any, places: Tensor, encoder_hidden_states: Tensor, **_: Any) -> Tensor:
        """Places (n, side x side, width) attend to tokens (n, 32, width)."""
        query, key, value = (
            layer(states).unflatten(-1, (attention.heads, -1)).transpose(1, 2)
            for layer, states in (
                (attention.to_q, places),
                (attention.to_k, encoder_hidden_states),
                (attention.to_v, encoder_hidden_states),
            )
        )
        scores = query @ key.transpose(-1, -2) * attention.scale
        # A prompt of zeros has no cells to read.
        prompted = encoder_hidden_states.abs().amax((1, 2)) > 0
        if prompted.any():
            self.errors.append(_cross_entropy(scores[prompted, : attention.heads * 2 // 3]))
        read = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
        out: Tensor = attention.to_out[1](attention.to_out[0](read))
        return out


def _cross_entropy(scores: Tensor) -> Tensor:
    """Scores (n, heads, side x side, 32) against each place's own cell."""
    side = int(scores.shape[2] ** 0.5)
    line = torch.arange(side) * GRID // side
    own = FIRST_CELL + (GRID * line[:, None] + line[None]).flatten()
    return functional.cross_entropy(
        scores.flatten(0, 1).transpose(1, 2), own.expand(scores.shape[0] * scores.shape[1], -1)
    )


@contextmanager
def located(unet: UNet2DConditionModel) -> Iterator[Reading]:
    """Within the block the UNet's cross-attention notes where it reads."""
    usual, reading = unet.attn_processors, Reading()
    unet.set_attn_processor({name: reading if ".attn2." in name else kept for name, kept in usual.items()})
    try:
        yield reading
    finally:
        unet.set_attn_processor(usual)

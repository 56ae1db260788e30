"""Stage 2: the text encoders learn what a caption's picture looks like, and where.

SDXL's encoders were trained on pairs of text and picture before its UNet saw them; so are these, in their own way. The
last tokens of the context are padding, which a causal encoder lets see the whole caption: each of these 16 tokens learns
to hold one cell of a 4 x 4 grid over the picture's latents. Text alone costs little to train on, and a UNet that only has
to look at the token of its place learns to draw many times sooner than one that must learn every drawing by itself
(docs/decisions has the figures).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from training import parallel
from training.encoded import TrainingSet
from training.loop import Stage, train
from training.text import TEXT_WIDTH, TextEncoders
from training.tokenizer import CONTEXT

GRID = 4
FIRST_CELL = CONTEXT - GRID * GRID
BATCH = 64
PICTURE_WEIGHT = 0.3


def cells(latents: Tensor) -> Tensor:
    """(n, channels, side, side) -> the 16 cells, row by row, each flat: (n, 16, channels x side/4 x side/4)."""
    count, channels, side, _ = latents.shape
    each = side // GRID
    grid = latents.view(count, channels, GRID, each, GRID, each)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(count, GRID * GRID, -1)


@dataclass(frozen=True)
class Heads:
    """Linear maps that read a picture off its caption: `cell` from each of the last 16 tokens, `picture` from the pooled."""

    cell: nn.Linear
    picture: nn.Linear

    def error(self, text: TextEncoders, captions: Tensor, latents: Tensor) -> Tensor:
        """How far the latents (n, 8, 16, 16) are from what is read off the captions' token ids (n, 32)."""
        hidden, pooled = text.encode(captions)
        local = functional.mse_loss(self.cell(hidden[:, FIRST_CELL:]), cells(latents))
        return local + PICTURE_WEIGHT * functional.mse_loss(self.picture(pooled), latents.flatten(1))


def train_text(text: TextEncoders, data: TrainingSet, folder: Path, steps: int) -> None:
    """Train both encoders; the averaged weights end up in `text`. The heads that read them are thrown away."""
    heads = Heads(_head(2 * TEXT_WIDTH, cells(data.latents).shape[-1]), _head(TEXT_WIDTH, data.latents[0].numel()))
    learned = [*text.parameters(), *heads.cell.parameters(), *heads.picture.parameters()]
    train(Stage("text", steps, 3e-3, warm_up=50), learned, reading_loss(text, heads, data), folder).swap()


def reading_loss(text: TextEncoders, heads: Heads, data: TrainingSet) -> Callable[[torch.Generator], Tensor]:
    """The error on a random batch."""
    batch = BATCH // parallel.processes()

    def loss_of(draw: torch.Generator) -> Tensor:
        rows = torch.randint(0, len(data.latents), (batch,), generator=draw)
        chosen = torch.randint(0, data.captions.shape[1], (batch,), generator=draw)
        return heads.error(text, data.captions[rows, chosen], data.latents[rows])

    return loss_of


@torch.no_grad()
def fitted_heads(text: TextEncoders, data: TrainingSet) -> Heads:
    """The heads that read trained encoders best, by least squares over every picture's first caption."""
    parts = [text.encode(ids) for ids in data.captions[:, 0].split(BATCH)]
    hidden = torch.cat([part[0][:, FIRST_CELL:] for part in parts])
    pooled = torch.cat([part[1] for part in parts])
    return Heads(
        _fitted(hidden.flatten(0, 1), cells(data.latents).flatten(0, 1)), _fitted(pooled, data.latents.flatten(1))
    )


def _fitted(read: Tensor, wanted: Tensor) -> nn.Linear:
    """Solves wanted (n, out) = read (n, width) x weight + bias."""
    head = nn.Linear(read.shape[1], wanted.shape[1]).requires_grad_(requires_grad=False)
    with_one = torch.cat([read, torch.ones(len(read), 1)], dim=1)
    solved = torch.linalg.lstsq(with_one, wanted).solution
    head.weight.copy_(solved[:-1].T)
    head.bias.copy_(solved[-1])
    return head


def _head(width: int, out: int) -> nn.Linear:
    head = nn.Linear(width, out)
    nn.init.normal_(head.weight, std=0.03)
    return head

"""The network: what a sharp picture of twice the size has that the bicubic one lacks, learned as a residual.

Residual blocks without normalisation, and a sub-pixel convolution at the end (https://arxiv.org/abs/1609.05158), in the
plan that EDSR made usual (https://arxiv.org/abs/1707.02921), at a hundredth of its size.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

FACTOR = 2
WIDTH, BLOCKS = 32, 6
STRIP = 256
# How far a pixel sees: one for each of its 3 x 3 convolutions, and two for the bicubic picture.
REACH = 2 * BLOCKS + 4


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.second = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels + cast("Tensor", self.second(functional.relu(self.first(pixels))))


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.body = nn.Sequential(*(Block() for _ in range(BLOCKS)))
        self.tail = nn.Conv2d(WIDTH, 3 * FACTOR**2, 3, padding=1)
        # So that training begins at the bicubic picture.
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]  # it has one, since nobody said otherwise

    def forward(self, pixels: Tensor) -> Tensor:
        """Float (n, 3, h, w) in 0..1 -> (n, 3, 2 h, 2 w), about in 0..1."""
        detail = functional.pixel_shuffle(self.tail(self.body(self.head(pixels))), FACTOR)
        return bicubic(pixels) + detail


def bicubic(pixels: Tensor) -> Tensor:
    """Float (n, 3, h, w) -> (n, 3, 2 h, 2 w), without learning anything."""
    return functional.interpolate(pixels, scale_factor=FACTOR, mode="bicubic", align_corners=False)


def open_network(weights: Path, device: str) -> Network:
    """Raises OSError or RuntimeError for a file that is none of this network's."""
    network = Network()
    network.load_state_dict({name: tensor.float() for name, tensor in load_file(weights).items()})
    return network.requires_grad_(False).eval().to(device)


def in_strips(network: Network, pixels: Tensor) -> Tensor:
    """What the network makes of the whole picture, in the memory that a part of it takes."""
    return torch.cat(list(_strips(network, pixels)), dim=2)


def _strips(network: Network, pixels: Tensor) -> Iterator[Tensor]:
    height = pixels.shape[2]
    for top in range(0, height, STRIP):
        above = min(top, REACH)
        seen = pixels[:, :, top - above : top + STRIP + REACH]
        rows = min(STRIP, height - top)
        yield network(seen)[:, :, FACTOR * above : FACTOR * (above + rows)]

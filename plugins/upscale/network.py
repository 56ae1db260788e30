"""The network: what a sharp picture of twice the size has that the bicubic one lacks, learned as a residual.

Residual blocks without normalisation, and a sub-pixel convolution at the end (https://arxiv.org/abs/1609.05158), in the
plan that EDSR made usual (https://arxiv.org/abs/1707.02921), at a hundredth of its size.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple, cast

from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

FACTOR = 2
WIDTH, BLOCKS = 32, 6
SIDE = 256
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


class Tile(NamedTuple):
    """A part of a picture, `seen` with all that its pixels see. Slices of rows and columns."""

    own: tuple[slice, slice]
    seen: tuple[slice, slice]

    def made_by(self, network: Network, seen: Tensor) -> Tensor:
        """Float (n, 3, h, w) of `seen` -> what the network makes of its own part in the whole picture."""
        parts = zip(self.own, self.seen, strict=True)
        rows, columns = (
            slice(FACTOR * (own.start - seen.start), FACTOR * (own.stop - seen.start)) for own, seen in parts
        )
        return cast("Tensor", network(seen))[:, :, rows, columns]

    @property
    def enlarged(self) -> tuple[slice, slice]:
        """Where its own part lies in the new picture."""
        rows, columns = (slice(FACTOR * part.start, FACTOR * part.stop) for part in self.own)
        return rows, columns


def tiles(height: int, width: int) -> Iterator[Tile]:
    for rows, columns in product(_cuts(height), _cuts(width)):
        yield Tile((rows[0], columns[0]), (rows[1], columns[1]))


def _cuts(length: int) -> list[tuple[slice, slice]]:
    """Each part, and the same with what it sees."""
    ends = [(start, min(start + SIDE, length)) for start in range(0, length, SIDE)]
    return [(slice(start, end), slice(max(0, start - REACH), min(length, end + REACH))) for start, end in ends]

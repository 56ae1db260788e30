"""An adapter as one flat row: both matrices of every module that can be adapted, at fixed, aligned offsets.

Rows of one rank bucket are alike, so they stack into a bank, a gather of many layers is one copy, and loading is one copy.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch

from hub.plugin_api import Shape
from serving.adapters.api import LowRank

BUCKETS = (4, 8, 16, 32, 64, 128, 256)
# Elements. In float32 every matrix begins on a multiple of 64 bytes, wherever its row lies in memory: kernels that
# look at the alignment then always take the same path, and the same request gives the same bytes.
ALIGNMENT = 16


@dataclass(frozen=True)
class Place:
    """Where one module lies in a row; down: [rank, in, ...], up: [out, rank]."""

    index: int
    down_at: int
    down: Shape
    up_at: int
    up: Shape


class RowLayout:
    """`modules` are weight shapes by path: [out, in] of a Linear, [out, in, height, width] of a Conv2d."""

    def __init__(self, modules: Mapping[str, Shape], rank: int) -> None:
        self.rank = rank
        self.places: dict[str, Place] = {}
        self.width = 0
        for index, (module, (out, *into)) in enumerate(sorted(modules.items())):
            down, up = (rank, *into), (out, rank)
            self.places[module] = Place(index, self._next(down), down, self._next(up), up)

    def _next(self, shape: Shape) -> int:
        at = self.width
        self.width += -(-prod(shape) // ALIGNMENT) * ALIGNMENT
        return at

    def views(self, rows: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """(down [rows, rank, in, ...], up [rows, out, rank]) by module index; `rows` is [rows, width]."""
        return [
            (_stacked(rows, place.down_at, place.down), _stacked(rows, place.up_at, place.up))
            for place in self.places.values()
        ]


@dataclass(frozen=True)
class AdapterRow:
    """One adapter's part in one component. `ratios` is alpha / rank by module, `targets` has bit i set for module i."""

    rank: int
    data: torch.Tensor
    ratios: torch.Tensor
    targets: int

    @cached_property
    def nbytes(self) -> int:
        return self.data.nbytes + self.ratios.nbytes


def bucket_of(rank: int) -> int:
    """The smallest bucket that holds the rank. Ranks above the largest are refused when an adapter is uploaded."""
    return next(bucket for bucket in BUCKETS if bucket >= rank)


def row_of(parts: Iterable[LowRank], layout: RowLayout, dtype: torch.dtype) -> AdapterRow:
    """The row of one component's parts. Lower ranks are filled up with zeros, which add exactly nothing."""
    data, ratios, targets = torch.zeros(layout.width, dtype=dtype), torch.zeros(len(layout.places)), 0
    for part in parts:
        place = layout.places[part.module]
        _at(data, place.down_at, place.down)[: part.rank].copy_(part.down)
        _at(data, place.up_at, place.up)[:, : part.rank].copy_(part.up.flatten(1))
        ratios[place.index] = part.alpha / part.rank
        targets |= 1 << place.index
    return AdapterRow(layout.rank, data, ratios, targets)


def _at(row: torch.Tensor, start: int, shape: Shape) -> torch.Tensor:
    return row[start : start + prod(shape)].view(shape)


def _stacked(rows: torch.Tensor, start: int, shape: Shape) -> torch.Tensor:
    return rows[:, start : start + prod(shape)].view(-1, *shape)

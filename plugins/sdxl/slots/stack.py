"""The matrices of some adapters, one row for each, as a layer multiplies by them."""

import torch

from plugins.sdxl.slots.rows import Place, RowLayout, stacked

Matrices = tuple[torch.Tensor, torch.Tensor]
"""Linear: down [rows, in, rank] and up [rows, rank, out]. Conv2d: down [rows, rank, in, ...] and up [rows, out, rank]."""


class Stack:
    """`rows` is [rows, width]. A module's views are made when its layer first asks: a large model has over a thousand."""

    def __init__(self, layout: RowLayout, rows: torch.Tensor) -> None:
        self._layout, self._rows = layout, rows
        self._made: list[Matrices | None] = [None] * len(layout.in_order)

    def matrices(self, index: int) -> Matrices:
        made = self._made[index]
        if made is None:
            made = self._made[index] = self._views(self._layout.in_order[index])
        return made

    def make(self, targets: int) -> None:
        """All that adapters with these targets need, so that no forward waits for it."""
        for place in self._layout.in_order:
            if targets >> place.index & 1:
                self.matrices(place.index)

    def _views(self, place: Place) -> Matrices:
        down, up = stacked(self._rows, place.down_at, place.down), stacked(self._rows, place.up_at, place.up)
        return (down.mT, up.mT) if len(place.down) == 2 else (down, up)

"""Slots of one component and one rank: a stack of adapter rows that every layer reads by index."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch

from plugins.sdxl.slots.copies import Copies
from plugins.sdxl.slots.rows import AdapterRow, RowLayout

Views = list[tuple[torch.Tensor, torch.Tensor]]
Scales = tuple[torch.Tensor, ...]
"""[runs, 1] by module: what the product of both matrices is multiplied by for each run."""


@dataclass(frozen=True)
class Stack:
    """Rows that a part of the batch reads, one per run of it; views as RowLayout.views gives them."""

    views: Views
    targets: int


class Bank:
    """`buffer` is [slots, width]; it never moves, so views of it stay good. `ratios` is [slots, modules].

    `versions` counts how often each slot was loaded.
    """

    def __init__(self, layout: RowLayout, slots: int, dtype: torch.dtype, device: torch.device) -> None:
        self.layout = layout
        # Not filled: memory that no adapter used yet costs nothing on the CPU.
        self.buffer = torch.empty(slots, layout.width, dtype=dtype, device=device)
        self.ratios = torch.zeros(slots, len(layout.places), device=device)
        self.free = list(reversed(range(slots)))
        self.versions = [0] * slots
        self._targets = [0] * slots
        self._views: dict[tuple[int, int], Views] = {}
        self._copies = Copies(device)
        self._arena = self.buffer[:0]
        self._arena_views: dict[tuple[int, int], Views] = {}
        self._scales = self.ratios[:0].T
        self._columns = self._scales.unbind(1)
        self._scale_views: dict[tuple[int, int], Scales] = {}

    @property
    def slots(self) -> int:
        return len(self._targets)

    @property
    def slot_bytes(self) -> int:
        return self.layout.width * self.buffer.element_size()

    def load(self, slot: int, row: AdapterRow) -> None:
        """Copy a row in. Only for a slot that no running request reads; any thread may do it. Raises DamagedPackError."""
        with self._copies.into(slot):
            row.copy_to(self.buffer[slot])
            self.ratios[slot].copy_(row.ratios, non_blocking=True)
        self._targets[slot] = row.targets
        self.versions[slot] += 1
        self._slice(slot, 1)

    def targets(self, slot: int) -> int:
        """Bit i is set where the slot's adapter changes module i."""
        return self._targets[slot]

    def views(self, slot: int) -> Views:
        return self._slice(slot, 1)

    def wait_for(self, slots: Iterable[int]) -> None:
        """What is computed from now on finds these slots loaded."""
        self._copies.wait_for(slots)

    def stacks(self, wanted: Sequence[Sequence[int]]) -> list[Stack]:
        """One stack for each list of slots. What lies side by side is read where it is, the rest is gathered at once.

        A later call may overwrite what this one gathered.
        """
        self.wait_for(slot for slots in wanted for slot in slots)
        scattered = [slot for slots in wanted if not _side_by_side(slots) for slot in slots]
        if scattered:
            self._gather(scattered)
        stacks, used = [], 0
        for slots in wanted:
            if _side_by_side(slots):
                views = self._slice(slots[0], len(slots))
            else:
                views = self._gathered(used, len(slots))
                used += len(slots)
            stacks.append(Stack(views, self._union(slots)))
        return stacks

    def scales(self, wanted: Sequence[tuple[Sequence[int], Sequence[float]]]) -> list[Scales]:
        """Of each list of slots with the weights of their runs: weight x alpha / rank. A later call overwrites them."""
        runs = [run for slots, weights in wanted for run in zip(slots, weights, strict=True)]
        if len(runs) > len(self._columns):
            self._scales = self.ratios.new_empty(self.ratios.shape[1], len(runs))
            self._columns = self._scales.unbind(1)
            self._scale_views.clear()
        for column, (slot, weight) in zip(self._columns, runs, strict=False):
            torch.mul(self.ratios[slot], weight, out=column)
        ends = accumulate(len(slots) for slots, _ in wanted)
        return [self._scaled(end - len(slots), len(slots)) for end, (slots, _) in zip(ends, wanted, strict=True)]

    def _scaled(self, start: int, count: int) -> Scales:
        """Hundreds of views, so they are made once for each place."""
        if (start, count) not in self._scale_views:
            self._scale_views[start, count] = self._scales[:, start : start + count, None].unbind()
        return self._scale_views[start, count]

    def _union(self, slots: Sequence[int]) -> int:
        union = 0
        for slot in slots:
            union |= self._targets[slot]
        return union

    def _slice(self, start: int, count: int) -> Views:
        if (start, count) not in self._views:
            self._views[start, count] = self.layout.views(self.buffer[start : start + count])
        return self._views[start, count]

    def _gather(self, slots: Sequence[int]) -> None:
        if len(slots) > len(self._arena):
            self._arena = self.buffer.new_empty(len(slots), self.layout.width)
            self._arena_views.clear()
        index = torch.tensor(slots, device=self.buffer.device)
        torch.index_select(self.buffer, 0, index, out=self._arena[: len(slots)])

    def _gathered(self, start: int, count: int) -> Views:
        if (start, count) not in self._arena_views:
            self._arena_views[start, count] = self.layout.views(self._arena[start : start + count])
        return self._arena_views[start, count]


def _side_by_side(slots: Sequence[int]) -> bool:
    return all(slot == slots[0] + offset for offset, slot in enumerate(slots))

"""Slots of one component and one rank: a stack of adapter rows that every layer reads by index."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, reduce
from operator import or_

import torch

from plugins.sdxl.slots.copies import Copies
from plugins.sdxl.slots.rows import AdapterRow, RowLayout
from plugins.sdxl.slots.stack import Stack

Views = list[tuple[torch.Tensor, torch.Tensor]]
Scale = Callable[[int], float | torch.Tensor]
"""By module: what the product of both matrices is multiplied by, [runs, 1, 1] or one number for a single run."""
# Of several slots each, with a few hundred views. Another one costs a fraction of a millisecond, so a busy worker's
# memory need not hold every mix that it ever had.
KEPT_STACKS = 8


class Bank:
    """`buffer` is [slots, width]; it never moves, so views of it stay good. `ratios` is [slots, modules].

    `versions` counts how often each slot was loaded.
    """

    def __init__(self, layout: RowLayout, slots: int, dtype: torch.dtype, device: torch.device) -> None:
        self.layout = layout
        # Not filled: memory that no adapter used yet costs nothing on the CPU.
        self.buffer = torch.empty(slots, layout.width, dtype=dtype, device=device)
        self.ratios = torch.zeros(slots, len(layout.places), device=device)
        self._numbers: list[list[float]] = [[]] * slots
        self.free = list(reversed(range(slots)))
        self.versions = [0] * slots
        self._targets = [0] * slots
        self._zeros: list[tuple[slice, ...]] = [()] * slots
        self._views: dict[int, Views] = {}
        self._copies = Copies(device)
        self._alone = [Stack(layout, self.buffer[slot : slot + 1]) for slot in range(slots)]
        self._beside = lru_cache(KEPT_STACKS)(self._stack_beside)
        self._gathered = lru_cache(KEPT_STACKS)(self._stack_gathered)
        self._scaled = lru_cache(KEPT_STACKS)(self._scale_views)
        self._arena = self.buffer[:0]
        self._arena_holds: list[tuple[int, int]] = []
        self._scales = self.ratios[:0].T
        self._columns = self._scales.unbind(1)

    @property
    def slots(self) -> int:
        return len(self._targets)

    @property
    def slot_bytes(self) -> int:
        return self.layout.width * self.buffer.element_size()

    def load(self, slot: int, row: AdapterRow) -> None:
        """Copy a row in. Only for a slot that no running request reads; any thread may do it. Raises DamagedPackError."""
        zeros, self._zeros[slot] = self._zeros[slot], ()
        with self._copies.into(slot):
            self._zeros[slot] = row.copy_to(self.buffer[slot], zeros)
            self.ratios[slot].copy_(row.ratios, non_blocking=True)
        self._numbers[slot] = row.ratios.tolist()
        self._targets[slot] = row.targets
        self.versions[slot] += 1
        if self.buffer.is_cuda:
            self.views(slot)
        else:
            self._alone[slot].make(row.targets)

    def targets(self, slot: int) -> int:
        """Bit i is set where the slot's adapter changes module i."""
        return self._targets[slot]

    def union(self, slots: Iterable[int]) -> int:
        """What at least one of them changes."""
        return reduce(or_, map(self.targets, slots))

    def views(self, slot: int) -> Views:
        """(down, up) by module, as RowLayout.views gives them for one row."""
        if slot not in self._views:
            self._views[slot] = self.layout.views(self.buffer[slot : slot + 1])
        return self._views[slot]

    def wait_for(self, slots: Iterable[int]) -> None:
        """What is computed from now on finds these slots loaded."""
        self._copies.wait_for(slots)

    def stacks(self, wanted: Sequence[Sequence[int]]) -> list[Stack]:
        """One stack for each list of slots. What lies side by side is read where it is, the rest is gathered at once.

        A later call may overwrite what this one gathered.
        """
        self.wait_for(slot for slots in wanted for slot in slots)
        self._gather([slot for slots in wanted if not _side_by_side(slots) for slot in slots])
        stacks, used = [], 0
        for slots in wanted:
            if len(slots) == 1:
                stacks.append(self._alone[slots[0]])
            elif _side_by_side(slots):
                stacks.append(self._beside(slots[0], len(slots)))
            else:
                stacks.append(self._gathered(used, len(slots)))
                used += len(slots)
        return stacks

    def scales(self, wanted: Sequence[tuple[Sequence[int], Sequence[float]]]) -> list[Scale]:
        """Of each list of slots with the weights of their runs: weight x alpha / rank. A later call overwrites them."""
        runs = [run for slots, weights in wanted if len(slots) > 1 for run in zip(slots, weights, strict=True)]
        if runs:
            self._write_scales(runs)
        scales: list[Scale] = []
        used = 0
        for slots, weights in wanted:
            if len(slots) == 1:
                scales.append(_scale(self._numbers[slots[0]], weights[0]))
            else:
                scales.append(self._scaled(used, len(slots)).__getitem__)
                used += len(slots)
        return scales

    def _write_scales(self, runs: Sequence[tuple[int, float]]) -> None:
        if len(runs) > len(self._columns):
            self._scales = self.ratios.new_empty(self.ratios.shape[1], len(runs))
            self._columns = self._scales.unbind(1)
            self._scaled.cache_clear()
        for column, (slot, weight) in zip(self._columns, runs, strict=False):
            torch.mul(self.ratios[slot], weight, out=column)

    def _scale_views(self, start: int, count: int) -> tuple[torch.Tensor, ...]:
        return self._scales[:, start : start + count, None, None].unbind()

    def _stack_beside(self, start: int, count: int) -> Stack:
        return Stack(self.layout, self.buffer[start : start + count])

    def _stack_gathered(self, start: int, count: int) -> Stack:
        return Stack(self.layout, self._arena[start : start + count])

    def _gather(self, slots: Sequence[int]) -> None:
        """Once for each mix: the steps after the first find it there."""
        holds = [(slot, self.versions[slot]) for slot in slots]
        if self._arena_holds[: len(slots)] == holds:
            return
        if len(slots) > len(self._arena):
            self._arena, self._arena_holds = self.buffer.new_empty(len(slots), self.layout.width), []
            self._gathered.cache_clear()
        index = torch.tensor(slots, device=self.buffer.device)
        torch.index_select(self.buffer, 0, index, out=self._arena[: len(slots)])
        self._arena_holds = holds


def _scale(ratios: Sequence[float], weight: float) -> Scale:
    return lambda index: ratios[index] * weight


def _side_by_side(slots: Sequence[int]) -> bool:
    return all(slot == slots[0] + offset for offset, slot in enumerate(slots))

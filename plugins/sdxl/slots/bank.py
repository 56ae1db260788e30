"""Slots of one component and one rank: each is the room of one adapter, which every layer reads by its number."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from itertools import count
from operator import or_

import torch

from plugins.sdxl.slots.budget import Budget
from plugins.sdxl.slots.copies import Copies
from plugins.sdxl.slots.gathered import KEPT_STACKS, Gathered
from plugins.sdxl.slots.rows import AdapterRow, Gaps, RowLayout
from plugins.sdxl.slots.stack import Stack

Views = list[tuple[torch.Tensor, torch.Tensor]]
Scale = Callable[[int], float | torch.Tensor]
"""By module: what the product of both matrices is multiplied by, [runs, 1, 1] or one number for a single run."""


@dataclass(eq=False)
class Slot:
    """`rows` is [1, width] and never moves, so views of it stay good; `ratios` is [modules], alpha / rank of each.

    Bit i of `targets` is set where the adapter in it changes module i; `zeros` are parts of the row that hold zeros.
    """

    bank: "Bank"
    number: int
    rows: torch.Tensor
    ratios: torch.Tensor
    alone: Stack
    numbers: list[float] = field(default_factory=list)
    targets: int = 0
    zeros: Gaps = ()
    version: int = 0
    views: Views | None = None

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes

    def leave(self) -> None:
        self.bank.drop(self)


class Bank:
    """A slot has memory of its own, taken from the budget when it is made: so no rank keeps room that another could use.

    A number is never given twice. `gathered` is shared with the component's other banks.
    """

    def __init__(
        self,
        layout: RowLayout,
        dtype: torch.dtype,
        device: torch.device,
        budget: Budget,
        gathered: Gathered | None = None,
    ) -> None:
        self.layout, self.dtype, self.device = layout, dtype, device
        self.free: list[Slot] = []
        self._budget = budget
        self._slots: dict[int, Slot] = {}
        self._numbers = count()
        self._copies = Copies(device)
        self.gathered = gathered or Gathered(dtype, device, budget)
        self._gathered_at = 0
        self._scaled = lru_cache(KEPT_STACKS)(self._scale_views)
        self._scales = torch.empty(len(layout.places), 0, device=device)
        self._columns = self._scales.unbind(1)

    @property
    def slot_bytes(self) -> int:
        return self.layout.width * self.dtype.itemsize

    def take(self) -> int:
        """The number of a slot that nobody has. Raises EngineFullError."""
        with self._budget.lock:
            # An adapter of the same kind that leaves hands its slot on, pages and all.
            while not self.free and not self._budget.has_room(self.slot_bytes):
                self._budget.check(self.slot_bytes)
                self._budget.let_one_leave()
            if not self.free:
                return self._made().number
            slot = self.free.pop()
            self._budget.wake(slot)
            return slot.number

    def put_back(self, number: int) -> None:
        """Nobody reads it any more. The next adapter has it, or whoever needs memory."""
        with self._budget.lock:
            slot = self._slots[number]
            self.free.append(slot)
            self._budget.rest(slot, first=True)

    def drop(self, slot: Slot) -> None:
        self.wait_for([slot.number])  # What comes to its memory next must not be written over.
        self.free.remove(slot)
        del self._slots[slot.number]
        self._budget.give_back(slot.nbytes)

    def load(self, number: int, row: AdapterRow) -> None:
        """Copy a row in. Only for a slot that no running request reads; any thread may do it. Raises DamagedPackError."""
        slot = self._slots[number]
        zeros, slot.zeros = slot.zeros, ()
        with self._copies.into(number):
            slot.zeros = row.copy_to(slot.rows[0], zeros)
            slot.ratios.copy_(row.ratios, non_blocking=True)
        slot.numbers, slot.targets = row.ratios.tolist(), row.targets
        slot.version += 1
        if self.device.type == "cuda":
            self.views(number)
        else:
            slot.alone.make(row.targets)

    def row(self, number: int) -> torch.Tensor:
        """[width]"""
        return self._slots[number].rows[0]

    def ratios(self, number: int) -> torch.Tensor:
        """[modules]: alpha / rank of each."""
        return self._slots[number].ratios

    def version(self, number: int) -> int:
        """How often it was loaded."""
        return self._slots[number].version

    def targets(self, number: int) -> int:
        """Bit i is set where the slot's adapter changes module i."""
        return self._slots[number].targets

    def union(self, numbers: Iterable[int]) -> int:
        """What at least one of them changes."""
        return reduce(or_, map(self.targets, numbers))

    def views(self, number: int) -> Views:
        """(down, up) by module, as RowLayout.views gives them for one row."""
        slot = self._slots[number]
        if slot.views is None:
            slot.views = self.layout.views(slot.rows)
        return slot.views

    def wait_for(self, numbers: Iterable[int]) -> None:
        """What is computed from now on finds these slots loaded."""
        self._copies.wait_for(numbers)

    def gather(self, numbers: Sequence[int]) -> bool:
        """Side by side from now on, until another batch begins; False where there is no room for that: read each where it is."""
        self.wait_for(numbers)
        slots = [self._slots[number] for number in numbers]
        width = self.layout.width
        at = self.gathered.gather(self.layout, [((width, slot.number, slot.version), slot.rows[0]) for slot in slots])
        self._gathered_at = at or 0
        return at is not None

    def stacks(self, wanted: Sequence[Sequence[int]]) -> list[Stack]:
        """One stack for each list of slots. Lists of several, one after the other, are what was gathered."""
        stacks, at = [], self._gathered_at
        for numbers in wanted:
            if len(numbers) == 1:
                self.wait_for(numbers)
                stacks.append(self._slots[numbers[0]].alone)
            else:
                stacks.append(self.gathered.stack(self.layout, at, len(numbers)))
                at += len(numbers) * self.layout.width
        return stacks

    def scales(self, wanted: Sequence[tuple[Sequence[int], Sequence[float]]]) -> list[Scale]:
        """Of each list of slots with the weights of their runs: weight x alpha / rank. A later call overwrites them."""
        runs = [run for slots, weights in wanted if len(slots) > 1 for run in zip(slots, weights, strict=True)]
        if runs:
            self._write_scales(runs)
        scales: list[Scale] = []
        used = 0
        for numbers, weights in wanted:
            if len(numbers) == 1:
                scales.append(_scale(self._slots[numbers[0]].numbers, weights[0]))
            else:
                scales.append(self._scaled(used, len(numbers)).__getitem__)
                used += len(numbers)
        return scales

    def _made(self) -> Slot:
        with self._budget.taking(self.slot_bytes):
            # Not filled: memory that no adapter used yet costs nothing on the CPU.
            rows = torch.empty(1, self.layout.width, dtype=self.dtype, device=self.device)
            ratios = torch.zeros(len(self.layout.places), device=self.device)
        slot = Slot(self, next(self._numbers), rows, ratios, Stack(self.layout, rows))
        self._slots[slot.number] = slot
        return slot

    def _write_scales(self, runs: Sequence[tuple[int, float]]) -> None:
        if len(runs) > len(self._columns):
            self._scales = self._scales.new_empty(len(self._scales), len(runs))
            self._columns = self._scales.unbind(1)
            self._scaled.cache_clear()
        for column, (number, weight) in zip(self._columns, runs, strict=False):
            torch.mul(self._slots[number].ratios, weight, out=column)

    def _scale_views(self, start: int, count: int) -> tuple[torch.Tensor, ...]:
        return self._scales[:, start : start + count, None, None].unbind()


def _scale(ratios: Sequence[float], weight: float) -> Scale:
    return lambda index: ratios[index] * weight

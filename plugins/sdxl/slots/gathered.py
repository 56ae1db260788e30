"""Rows of several slots copied side by side, so that one multiplication reads them all.

One place for all ranks of a component: each rank's own would come to hold the most of that rank that any batch ever had, and
what was outgrown would stay with the C library as a hole.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import count

import torch

from hub.plugin_api import EngineFullError
from plugins.sdxl.slots.budget import Budget
from plugins.sdxl.slots.rows import RowLayout
from plugins.sdxl.slots.stack import Stack

# Of several slots each, with a few hundred views. Another one costs a fraction of a millisecond, so a busy worker's
# memory need not hold every mix that it ever had.
KEPT_STACKS = 8
# Of the CPU, where memory costs nothing until it is written: so it hardly ever moves.
RESERVED_BYTES = 2**30
Content = tuple[int, int, int]
"""The width of a row, its slot and how often that was loaded."""


class Gathered:
    """Of one component. Takes its memory as batches fill it, and may leave between two forwards."""

    def __init__(self, dtype: torch.dtype, device: torch.device, budget: Budget) -> None:
        self._budget = budget
        self._memory = torch.empty(0, dtype=dtype, device=device)
        self._begun = self._filled = 0
        self._holds: dict[int, Content] = {}
        # For two ranks.
        self.stack = lru_cache(2 * KEPT_STACKS)(self._stack)

    @property
    def nbytes(self) -> int:
        """That batches filled, from the first byte to the last."""
        return self._filled * self._memory.itemsize

    def begin(self) -> None:
        """Another batch, which may overwrite what the one before had gathered."""
        self._begun = 0

    def gather(self, layout: RowLayout, wanted: Sequence[tuple[Content, torch.Tensor]]) -> int | None:
        """Where these rows, each [width], lie from now on, copied only if others did; None where the budget has no room."""
        start, stop = self._begun, self._begun + len(wanted) * layout.width
        with self._budget.lock:
            self._budget.wake(self)
            if self._filled < stop and not self._make_room(stop):
                self._budget.use(self)
                return None
            self._budget.use(self)
        self._begun = stop
        for at, (content, row) in zip(count(start, layout.width), wanted, strict=False):
            if self._holds.get(at) != content:
                self._copy(at, content, row)
        return start

    def leave(self) -> None:
        self._budget.give_back(self.nbytes)
        self._memory, self._filled, self._holds = self._memory.new_empty(0), 0, {}
        self.stack.cache_clear()

    def _copy(self, at: int, content: Content, row: torch.Tensor) -> None:
        end = at + len(row)
        # What it overwrites is forgotten first: a copy may fail half-way.
        self._holds = {other: held for other, held in self._holds.items() if other + held[0] <= at or other >= end}
        self._memory[at:end].copy_(row)
        self._holds[at] = content

    def _make_room(self, elements: int) -> bool:
        """What this batch gathered before stays where it is, for as long as the batch reads it."""
        try:
            with self._budget.taking((elements - self._filled) * self._memory.itemsize):
                if len(self._memory) < elements:
                    self._memory, self._holds = self._memory.new_empty(max(elements, self._reserve())), {}
                    self.stack.cache_clear()
        except EngineFullError:
            return False
        self._filled = elements
        return True

    def _reserve(self) -> int:
        on_cpu = self._memory.device.type == "cpu"
        return min(RESERVED_BYTES, self._budget.limit_bytes) // self._memory.itemsize if on_cpu else 0

    def _stack(self, layout: RowLayout, start: int, count: int) -> Stack:
        """Views of so many rows that lie one after the other."""
        return Stack(layout, self._memory[start : start + count * layout.width].view(count, layout.width))

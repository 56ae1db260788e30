"""Rows of several slots copied side by side, so that one multiplication reads them all."""

from collections.abc import Sequence
from functools import lru_cache

import torch

from hub.plugin_api import EngineFullError
from plugins.sdxl.slots.budget import Budget
from plugins.sdxl.slots.rows import RowLayout
from plugins.sdxl.slots.stack import Stack

# Of several slots each, with a few hundred views. Another one costs a fraction of a millisecond, so a busy worker's
# memory need not hold every mix that it ever had.
KEPT_STACKS = 8
Content = tuple[int, int]
"""A slot and how often it was loaded."""


class Gathered:
    """Of one bank. Takes its memory when it is first needed, and may leave between two forwards."""

    def __init__(self, layout: RowLayout, dtype: torch.dtype, device: torch.device, budget: Budget) -> None:
        self._layout, self._budget = layout, budget
        self._rows = torch.empty(0, layout.width, dtype=dtype, device=device)
        self._holds: list[Content | None] = []
        self.stack = lru_cache(KEPT_STACKS)(self._stack)

    @property
    def nbytes(self) -> int:
        return self._rows.nbytes

    def holds(self, wanted: Sequence[tuple[Content, torch.Tensor]]) -> bool:
        """These rows, each [width], lie here afterwards, copied only if others did; False where the budget has no room for them."""
        with self._budget.lock:
            self._budget.wake(self)
            if len(self._rows) < len(wanted) and not self._make_room(len(wanted)):
                return False
            self._budget.use(self)
        self._copy(wanted)
        return True

    def leave(self) -> None:
        self._budget.give_back(self.nbytes)
        self._rows, self._holds = self._rows.new_empty(0, self._layout.width), []
        self.stack.cache_clear()

    def _copy(self, wanted: Sequence[tuple[Content, torch.Tensor]]) -> None:
        """Once for each mix, and of the next one what is not there yet."""
        self._holds += [None] * (len(wanted) - len(self._holds))
        for place, (content, row) in enumerate(wanted):
            if self._holds[place] != content:
                self._holds[place] = None  # Until it is whole.
                self._rows[place].copy_(row)
                self._holds[place] = content

    def _make_room(self, count: int) -> bool:
        self.leave()
        width = self._layout.width
        try:
            with self._budget.taking(count * width * self._rows.itemsize):
                self._rows = self._rows.new_empty(count, width)
        except EngineFullError:
            return False
        return True

    def _stack(self, start: int, count: int) -> Stack:
        """Views of so many rows, from the `start`-th on."""
        return Stack(self._layout, self._rows[start : start + count])

"""One limit for all that adapters fill on the device. Whoever needs room has it from what was idle for longest.

Slots, the memory that batches are gathered in and whole models share it, so that no rank and no component has room that
another could not use: whatever fits the limit alone can be served.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Protocol

from hub.plugin_api import EngineFullError


class Holding(Protocol):
    """Something on the device that can be made again. `nbytes` stays the same while it is there."""

    @property
    def nbytes(self) -> int: ...
    def leave(self) -> None:
        """Nobody uses it: give its memory back, or what it consists of to rest."""


class Budget:
    """`used_bytes` is all that was taken, idle or not. Safe to use from every thread; `lock` is held while others leave."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes, self.used_bytes = limit_bytes, 0
        self.lock = RLock()
        self._idle: OrderedDict[int, Holding] = OrderedDict()
        self._idle_bytes = 0
        self._forward: list[Holding] = []

    def check(self, nbytes: int) -> None:
        """Raises EngineFullError where so much has no room beside what is in use."""
        if self.used_bytes - self._idle_bytes + nbytes > self.limit_bytes:
            raise EngineFullError

    def has_room(self, nbytes: int) -> bool:
        """Without anything leaving."""
        return self.used_bytes + nbytes <= self.limit_bytes

    def take(self, nbytes: int) -> None:
        """Raises EngineFullError; then nothing has left."""
        with self.lock:
            self.check(nbytes)
            while not self.has_room(nbytes):
                self.let_one_leave()
            self.used_bytes += nbytes

    @contextmanager
    def taking(self, nbytes: int) -> Iterator[None]:
        """As `take`, for what the block makes: given back where it fails, as where the device itself has less room."""
        self.take(nbytes)
        try:
            yield
        except BaseException:
            self.give_back(nbytes)
            raise

    def give_back(self, nbytes: int) -> None:
        with self.lock:
            self.used_bytes -= nbytes

    def let_one_leave(self) -> None:
        _, holding = self._idle.popitem(last=False)
        self._idle_bytes -= holding.nbytes
        holding.leave()

    def rest(self, holding: Holding, *, first: bool = False) -> None:
        """It may leave from now on, after all that rest already; `first`: before them."""
        with self.lock:
            self._idle[id(holding)] = holding
            self._idle.move_to_end(id(holding), last=not first)
            self._idle_bytes += holding.nbytes

    def wake(self, holding: Holding) -> bool:
        """It stays from now on; False where it did not rest."""
        with self.lock:
            if self._idle.pop(id(holding), None) is None:
                return False
            self._idle_bytes -= holding.nbytes
            return True

    def use(self, holding: Holding) -> None:
        """It stays until the forward at hand is over, whether it rested or was made for that. Only for the thread that steps."""
        if self.wake(holding) or not any(each is holding for each in self._forward):
            self._forward.append(holding)

    def forward_is_over(self) -> None:
        for holding in self._forward:
            self.rest(holding)
        self._forward.clear()

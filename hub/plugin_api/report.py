"""What an engine tells its operator of itself: the base it holds, the device, and the tiers where adapters wait."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class Tier:
    """A place for adapters on their way to the device.

    A request that finds its adapter there is a hit; a miss has it brought, and all misses together took `seconds`.
    """

    name: str
    hits: int = 0
    misses: int = 0
    seconds: float = 0.0
    used_bytes: int = 0
    limit_bytes: int = 0


@dataclass(frozen=True)
class EngineReport:
    """`base` is the catalogue's name of the base, `source` where it was read from, `refiner` where that was; "" for none. `side` is that of the square pictures which the base was made for, in pixels; 0 where there is no such side.

    `swaps` counts how often adapters were put on for a computation, `swap_seconds` is the time that took in all.
    """

    base: str = ""
    source: str = ""
    refiner: str = ""
    device: str = "cpu"
    dtype: str = ""
    side: int = 0
    tiers: tuple[Tier, ...] = ()
    swaps: int = 0
    swap_seconds: float = 0.0


class Tally:
    """Counts from every thread: what was found, and what had to be done and how long it took."""

    def __init__(self) -> None:
        self.found = self.done = 0
        self.seconds = 0.0
        self._lock = Lock()

    def find(self) -> None:
        with self._lock:
            self.found += 1

    @contextmanager
    def doing(self) -> Iterator[None]:
        """Counts the block once it has succeeded."""
        began = time.perf_counter()
        yield
        with self._lock:
            self.done += 1
            self.seconds += time.perf_counter() - began

    def tier(self, name: str, *, used_bytes: int, limit_bytes: int) -> Tier:
        """What was counted, of a tier: what had to be done is its misses."""
        return Tier(name, self.found, self.done, self.seconds, used_bytes, limit_bytes)

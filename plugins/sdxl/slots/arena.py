"""Fixed memory for the adapters of so many runs: a swap changes what lies in it, never where it lies or how large it is.

So a graph that was compiled for it, or captured with its addresses, stays good whatever the runs wear, for as long as the
arena is there: one that leaves for others' sake is `gone` for good, and its successor is another arena.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

import torch

from plugins.sdxl.slots.bank import Views
from plugins.sdxl.slots.fixed import Factors
from plugins.sdxl.slots.parts import Seat
from plugins.sdxl.slots.rows import BUCKETS, RowLayout, bucket_of

# Tensor cores multiply tiles of 16: narrower ones would save nothing, and each width is a graph of its own.
LEAST_RANK = 16
ATTENTION = ".attentions."
"""In the paths of all modules that trainers choose unless told otherwise: attention, feed-forward and projections."""
Content = tuple[tuple[Seat, int], ...]
"""What one run's row was made of: seats, each with the version of its slot."""


class Reading(NamedTuple):
    """Unless `everywhere`, only the attention blocks read the arena."""

    arena: "Arena"
    everywhere: bool


class Arena:
    """`version` counts how often its content changed. `rows` is [runs, width] of the layout's rank, `scales` [modules, runs, rank].

    Owned by the thread that steps; between two forwards it may leave, which calls `left`.
    """

    def __init__(
        self,
        layout: RowLayout,
        runs: int,
        dtype: torch.dtype,
        device: torch.device,
        left: Callable[["Arena"], None] = lambda _: None,
    ) -> None:
        self.layout, self._left, self.gone = layout, left, False
        self.nbytes = bytes_of(layout, runs, dtype)
        self.rows = torch.zeros(runs, layout.width, dtype=dtype, device=device)
        self.scales = torch.zeros(len(layout.places), runs, layout.rank, device=device)
        self.weights = torch.zeros(runs, device=device)
        self._places = tuple(layout.places.values())
        self._elsewhere = sum(1 << place.index for path, place in layout.places.items() if ATTENTION not in path)
        self._views = [layout.views(self.rows[run : run + 1]) for run in range(runs)]
        self._holds: list[Content | None] = [None] * runs
        self.version = 0

    def filled(self, worn: Sequence[Sequence[Seat]]) -> Reading:
        """With each run's adapters, no more in all than fit its rank. What lies there already is not copied again."""
        for seats in worn:
            for seat in seats:
                seat.bank.wait_for([seat.slot])
        wanted: list[Content] = [tuple((seat, seat.bank.version(seat.slot)) for seat in seats) for seats in worn]
        changed = [run for run, content in enumerate(wanted) if content != self._holds[run]]
        for run in changed:
            self._holds[run] = None  # Until it is whole.
        if len(changed) == len(worn) and all(self._is_whole(seats) for seats in worn):
            self.gather([seats[0] for seats in worn])
        else:
            for run in changed:
                self._place(run, worn[run])
        self._holds = list(wanted)
        self.version += bool(changed)
        targets = [seat.bank.targets(seat.slot) for seats in worn for seat in seats]
        return Reading(self, any(own & self._elsewhere for own in targets))

    def factors(self, index: int) -> Factors:
        """What a module reads; views, so they stay good."""
        place = self._places[index]
        down, up = (
            self.rows[:, at : at + prod(shape)].view(self.runs, *shape)
            for at, shape in ((place.down_at, place.down), (place.up_at, place.up))
        )
        return Factors(down, up, self.scales[index])

    @property
    def runs(self) -> int:
        return len(self.rows)

    def leave(self) -> None:
        """Its memory goes at once, whoever still knows it."""
        self.gone = True
        self._left(self)
        for tensor in (self.rows, self.scales):
            tensor.untyped_storage().resize_(0)

    def gather(self, seats: Sequence[Seat]) -> None:
        """One whole row for each run, all from the bank of this rank."""
        self.weigh([seat.weight for seat in seats])
        torch.stack([seat.bank.row(seat.slot) for seat in seats], out=self.rows)
        scales = torch.stack([seat.bank.ratios(seat.slot) for seat in seats]) * self.weights[:, None]
        self.scales.copy_(scales.T[:, :, None].expand_as(self.scales))

    def weigh(self, weights: Sequence[float]) -> None:
        """Write how strongly the runs wear what they read: a few bytes."""
        self.weights.copy_(torch.tensor(weights))

    def _is_whole(self, seats: Sequence[Seat]) -> bool:
        return [seat.bank.layout.rank for seat in seats] == [self.layout.rank]

    def _place(self, run: int, seats: Sequence[Seat]) -> None:
        """Several adapters lie side by side along the rank; what is left stays zero, which adds exactly nothing."""
        self.scales[:, run].zero_()
        if self._is_whole(seats):
            self.rows[run].copy_(seats[0].bank.row(seats[0].slot))
        else:
            self.rows[run].zero_()
        at = 0
        for seat in seats:
            stop = at + seat.bank.layout.rank
            if not self._is_whole(seats):
                _copy(seat.bank.views(seat.slot), self._views[run], at, stop)
            self.scales[:, run, at:stop] = seat.bank.ratios(seat.slot)[:, None] * seat.weight
            at = stop


def bytes_of(layout: RowLayout, runs: int, dtype: torch.dtype) -> int:
    """Of an arena's matrices and scales."""
    return runs * (layout.width * dtype.itemsize + 4 * len(layout.places) * layout.rank)


def rank_for(worn: Sequence[Sequence[Seat]]) -> int | None:
    """Of the arena that holds what each run wears: 0 where nobody wears anything, None where one run wears too much."""
    most = max((sum(seat.bank.layout.rank for seat in seats) for seats in worn), default=0)
    if most > BUCKETS[-1]:
        return None
    return bucket_of(max(most, LEAST_RANK)) if most else 0


def _copy(own: Views, into: Views, at: int, stop: int) -> None:
    """All of an adapter's matrices at once, to where its columns and rows of the rank begin."""
    downs = [(into_down[0, at:stop], down[0]) for (into_down, _), (down, _) in zip(into, own, strict=True)]
    ups = [(into_up[0, :, at:stop], up[0]) for (_, into_up), (_, up) in zip(into, own, strict=True)]
    targets, sources = zip(*downs, *ups, strict=True)
    torch._foreach_copy_(targets, sources)

"""An adapter as one flat row: both matrices of every module that can be adapted, at fixed, aligned offsets.

Rows of one rank bucket are alike, so they stack into a bank, a gather of many layers is one copy, and loading is a copy of
a few runs: a pack's matrices lie in the same order as a row's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import NamedTuple, Protocol

import numpy as np
import torch

from hub.plugin_api import Shape
from plugins.sdxl.strides import bytes_kept
from serving.adapters.api import LowRank, MappedPack, Stored, chunks

BUCKETS = (4, 8, 16, 32, 64, 128, 256)
Gaps = tuple[slice, ...]
# Elements. In float32 every matrix begins on a multiple of 64 bytes, wherever its row lies in memory: kernels that
# look at the alignment then always take the same path, and the same request gives the same bytes.
ALIGNMENT = 16
_HELPER = ThreadPoolExecutor(1, "row")


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
        self.in_order = tuple(self.places.values())

    def _next(self, shape: Shape) -> int:
        at = self.width
        self.width += -(-prod(shape) // ALIGNMENT) * ALIGNMENT
        return at

    def views(self, rows: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """(down [rows, rank, in, ...], up [rows, out, rank]) by module index; `rows` is [rows, width]."""
        return [
            (stacked(rows, place.down_at, place.down), stacked(rows, place.up_at, place.up)) for place in self.in_order
        ]


class AdapterRow(Protocol):
    """One adapter's part in one component. `ratios` is alpha / rank by module, `targets` has bit i set for module i."""

    @property
    def rank(self) -> int: ...
    @property
    def ratios(self) -> torch.Tensor: ...
    @property
    def targets(self) -> int: ...
    @property
    def nbytes(self) -> int:
        """What it keeps in this machine's memory."""

    def copy_to(self, row: torch.Tensor, zeros: Gaps = (), /) -> Gaps:
        """Write all of `row`, [width], in its own type and on its own device. Raises DamagedPackError.

        `zeros` are parts of it that hold zeros before; those that do afterwards come back.
        """


class Run(NamedTuple):
    """Neighbours in the pack that are neighbours in the row: `at` is an element there, `start` and `end` bytes here."""

    at: int
    dtype: torch.dtype
    start: int
    end: int

    @property
    def stop(self) -> int:
        return self.at + (self.end - self.start) // self.dtype.itemsize


@dataclass(frozen=True)
class PackRow:
    """Where an adapter lies in its pack, which `open_file` maps for the length of a copy.

    `runs` are copied as they are, `narrow` are modules of a lower rank than the row's, `gaps` of the row are neither.
    """

    layout: RowLayout
    open_file: Callable[[], MappedPack]
    runs: tuple[Run, ...]
    narrow: tuple[LowRank, ...]
    gaps: Gaps
    ratios: torch.Tensor
    targets: int

    @property
    def rank(self) -> int:
        return self.layout.rank

    @property
    def nbytes(self) -> int:
        """In round figures; what Python keeps of each run and each module."""
        return self.ratios.nbytes + 256 * (len(self.runs) + len(self.gaps)) + 1024 * len(self.narrow)

    def copy_to(self, row: torch.Tensor, zeros: Gaps = (), /) -> Gaps:
        file = self.open_file()
        pieces = list(self._pieces())
        # One core alone doesn't keep the memory busy; all that takes time here lets other threads run.
        other = _HELPER.submit(self._fill, pieces[: len(pieces) // 2], file, row)
        try:
            if zeros != self.gaps:  # Most adapters change the same modules as the one before.
                for gap in self.gaps:
                    row[gap].zero_()
            self._fill(pieces[len(pieces) // 2 :], file, row)
        finally:
            other.result()
        for part in self.narrow:
            self._fill_up(row, part, file)
        return () if self.narrow else self.gaps

    def _pieces(self) -> Iterator[Run]:
        """The runs, cut where a checksum's bytes end: each is checked just before, so it is in the cache when it is used."""
        for run in self.runs:
            for start, end in chunks(run.start, run.end):
                yield run._replace(at=run.at + (start - run.start) // run.dtype.itemsize, start=start, end=end)

    def _fill(self, pieces: Sequence[Run], file: MappedPack, row: torch.Tensor) -> None:
        for piece in pieces:
            _copy(file.items(piece.dtype, piece.start, piece.end), row[piece.at : piece.stop])

    def _fill_up(self, row: torch.Tensor, part: LowRank, file: MappedPack) -> None:
        """What is above the module's own rank stays zero, which adds exactly nothing."""
        place = self.layout.places[part.module]
        _at(row, place.down_at, place.down)[: part.rank].copy_(file.tensor(part.down))
        _at(row, place.up_at, place.up)[:, : part.rank].copy_(file.tensor(part.up).flatten(1))


@dataclass(frozen=True)
class HostRow:
    """A whole row in memory that the device can fetch from by itself (pinned), where the device has its own."""

    rank: int
    data: torch.Tensor
    ratios: torch.Tensor
    targets: int

    @classmethod
    def of(cls, row: PackRow, dtype: torch.dtype) -> "HostRow":
        data = torch.empty(row.layout.width, dtype=dtype, pin_memory=True)
        row.copy_to(data)
        return cls(row.rank, data, row.ratios.pin_memory(), row.targets)

    @cached_property
    def nbytes(self) -> int:
        return bytes_kept(self.data) + bytes_kept(self.ratios)

    def copy_to(self, row: torch.Tensor, _zeros: Gaps = (), /) -> Gaps:
        row.copy_(self.data, non_blocking=True)
        return ()


def bucket_of(rank: int) -> int:
    """The smallest bucket that holds the rank. Ranks above the largest are refused when an adapter is uploaded."""
    return next(bucket for bucket in BUCKETS if bucket >= rank)


def row_of(parts: Iterable[LowRank], layout: RowLayout, open_file: Callable[[], MappedPack]) -> PackRow:
    """The row of one component's parts, which come in the order of their modules' names, as in the layout."""
    ratios, targets = [0.0] * len(layout.places), 0
    whole: list[tuple[int, Stored]] = []
    narrow = []
    for part in parts:
        place = layout.places[part.module]
        ratios[place.index] = part.alpha / part.rank
        targets |= 1 << place.index
        if part.rank == layout.rank:
            whole += (place.down_at, part.down), (place.up_at, part.up)
        else:
            narrow.append(part)
    runs = tuple(_runs(whole))
    gaps = _gaps(runs, layout.width)
    return PackRow(layout, open_file, runs, tuple(narrow), gaps, torch.tensor(ratios), targets)


def _runs(matrices: Sequence[tuple[int, Stored]]) -> Iterator[Run]:
    """Of matrices with their place in the row, in the order of these."""
    first = 0
    for index, (at, stored) in enumerate(matrices):
        following = matrices[index + 1 : index + 2]
        stop = at + (stored.end - stored.start) // stored.dtype.itemsize
        if [(place, each.dtype, each.start) for place, each in following] != [(stop, stored.dtype, stored.end)]:
            began_at, began = matrices[first]
            yield Run(began_at, began.dtype, began.start, stored.end)
            first = index + 1


def _gaps(runs: Sequence[Run], width: int) -> Gaps:
    starts, stops = [run.at for run in runs], [run.stop for run in runs]
    pairs = zip([0, *stops], [*starts, width], strict=True)
    return tuple(slice(stop, start) for stop, start in pairs if stop < start)


def _copy(items: torch.Tensor, into: torch.Tensor) -> None:
    if items.dtype == into.dtype and into.device.type == "cpu":
        # As bytes, by numpy: a fifth quicker than torch's copy, which reads what it is about to overwrite.
        np.copyto(into.view(torch.uint8).numpy(), items.view(torch.uint8).numpy())
    else:
        into.copy_(items)


def _at(row: torch.Tensor, start: int, shape: Shape) -> torch.Tensor:
    return row[start : start + prod(shape)].view(shape)


def stacked(rows: torch.Tensor, start: int, shape: Shape) -> torch.Tensor:
    """One matrix of each of `rows`, [rows, width]: [rows, *shape]."""
    return rows[:, start : start + prod(shape)].view(-1, *shape)

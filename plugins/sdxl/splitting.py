"""Cuts runs into batches of 8, 4, 2 and 1 for compiled forwards, so that few shapes serve any number of them.

A batch's arena has the rank of its largest run: one of rank 128 among seven of 16 has all eight multiplied, and kept, at 128.
So where padding costs more than another forward, those of small rank go by themselves.
"""

from collections.abc import Iterator, Sequence

from plugins.sdxl.run import SdxlRun
from plugins.sdxl.slots.arena import rank_for
from plugins.sdxl.slots.parts import Passenger
from plugins.sdxl.slots.rows import BUCKETS

# Reading SDXL's weights once more takes an H100 as long as 128 ranks more on one guided picture of this size: 1.7 ms at 3 TB/s,
# and a tenth of 13.5 TFLOP at 800 TFLOP/s. Computed, not measured.
FORWARD_RANKS, GUIDED_PIXELS = 128, 2 * 1024 * 1024
BEYOND = 2 * BUCKETS[-1]
"""For a run that wears more than an arena holds."""


def compilable(runs: Sequence[SdxlRun]) -> Iterator[list[SdxlRun]]:
    """As many rows to each run of a batch. Those that wear the like stay together."""
    for rows in (2, 1):
        alike = sorted((run for run in runs if run.rows == rows), key=_order)
        if alike:
            pixels = rows * alike[0].job.width * alike[0].job.height
            start = 0
            for size in sizes([_rank(run) for run in alike], FORWARD_RANKS * GUIDED_PIXELS / pixels):
                yield alike[start : start + size]
                start += size


def sizes(ranks: Sequence[int], forward: float) -> list[int]:
    """Of batches of runs with these ranks, the largest first: what is multiplied, and `forward` for each batch, is least."""
    least: list[tuple[float, list[int]]] = [(0.0, [])]
    for start in reversed(range(len(ranks))):
        ways = [
            (forward + size * ranks[start] + least[-size][0], [size, *least[-size][1]])
            for size in reversed(_powers(len(ranks) - start))
        ]
        least.append(min(ways, key=lambda way: way[0]))
    return least[-1][1]


def _powers(most: int) -> list[int]:
    """1, 2, 4 ... up to `most`."""
    return [1 << exponent for exponent in range(most.bit_length())]


def _rank(run: SdxlRun) -> int:
    rank = rank_for([run.stage.outfit.seats("unet")])
    return BEYOND if rank is None else rank


def _order(run: SdxlRun) -> tuple[object, ...]:
    return -_rank(run), Passenger(run.stage.outfit.seats("unet"), run.rows).order

"""Works that take turns, so that whatever else a machine does falls on all of them alike."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.common import Row, row

Times = dict[str, list[float]]
WARM_UP = 2


def interleaved(works: Mapping[str, Callable[[], Any]], runs: int) -> Times:
    """Seconds of each work, all taking turns, after two turns that don't count."""
    times: Times = {name: [] for name in works}
    for turn in range(runs + WARM_UP):
        for name, work in works.items():
            took = seconds(work)
            if turn >= WARM_UP:
                times[name].append(took)
    return times


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that so large a share of them does not exceed: of few samples the 99th is the largest."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def ratio(id_: str, what: str, aim: str, above: Sequence[float], below: Sequence[float], names: tuple[str, str]) -> Row:
    """How many times longer `above` takes than `below`, turn by turn; beside it, in words, what each took itself."""
    quotients = [long / short for long, short in zip(above, below, strict=True)]
    each = (f"{name} {in_words(samples)}" for name, samples in zip(names, (above, below), strict=True))
    return row(id_, what, "x", aim, quotients, "; ".join(each))


def in_words(samples: Sequence[float]) -> str:
    middle, most = (1000 * value for value in (statistics.median(samples), percentile(samples, 0.99)))
    return f"{middle:.3g} ms (p99 {most:.3g})"

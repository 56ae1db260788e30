"""The line before a server that serves one request after another, and the highest rate at which a server keeps up."""

import math
from collections.abc import Callable, Sequence

from bench.timing import percentile

CLOSE_ENOUGH = 1.05
"""Rates are told apart down to a twentieth."""
FARTHEST = 2.0**10


def latencies(moments: Sequence[float], service: Sequence[float], rate: float) -> list[float]:
    """Seconds from arrival to answer of requests that come at `moments` / `rate` and take `service` seconds each.

    Lindley's recursion (D. V. Lindley, The theory of queues with a single server, 1952): exact, whatever the moments are.
    """
    free, waited = 0.0, []
    for moment, takes in zip(moments, service, strict=True):
        free = max(free, moment / rate) + takes
        waited.append(free - moment / rate)
    return waited


def one_at_a_time(moments: Sequence[float], service: Sequence[float], bound: float) -> float:
    """The highest rate at which the 99th percentile stays within the bound."""
    return highest(lambda rate: percentile(latencies(moments, service, rate), 0.99) <= bound, 1 / max(service))


def highest(keeps: Callable[[float], bool], first: float) -> float:
    """The highest rate that is kept: doubled or halved from the first one until it lies between two, then by halves.

    Raises RuntimeError where the first rate is a thousand times too high or too low.
    """
    kept, broken, rate = 0.0, math.inf, first
    while broken > kept * CLOSE_ENOUGH:
        kept, broken = (rate, broken) if keeps(rate) else (kept, rate)
        if kept > first * FARTHEST or broken < first / FARTHEST:
            raise RuntimeError(f"No rate near {first:.3g} a second is the highest that is kept.")
        rate = 2 * kept if broken == math.inf else math.sqrt(kept * broken) if kept else broken / 2
    return kept

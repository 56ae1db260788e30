"""Requests as they come in: at random moments, for adapters of which few are wanted often and many seldom."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

STYLES = 200


@dataclass(frozen=True)
class Arrival:
    """`at` counts in mean gaps from the first one: divided by a rate it is seconds."""

    at: float
    styles: tuple[int, ...]
    seed: int


def arrivals(count: int, seed: int) -> list[Arrival]:
    """Poisson arrivals; Zipf (a style's chance is 1 / its rank) over 200 styles; every other request wears two."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    moments = accumulate(chance.expovariate(1.0) for _ in range(count))
    return [Arrival(at, tuple(_styles(chance, 1 + number % 2)), number) for number, at in enumerate(moments)]


def _styles(chance: random.Random, count: int) -> Iterator[int]:
    """Different ones."""
    weights, taken = [1 / (rank + 1) for rank in range(STYLES)], set[int]()
    while len(taken) < count:
        style = chance.choices(range(STYLES), weights)[0]
        if style not in taken:
            taken.add(style)
            yield style

"""Which colour of a chart is whose: the largest have their own, and what comes after them shares one."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

from django.utils.translation import gettext as _

K = TypeVar("K")
# More colours can't be told apart.
MOST_SERIES = 5
REST = str(MOST_SERIES)


def by_rank(amounts: Iterable[tuple[K, int]]) -> dict[K, str]:
    """The series of each, the one with the most first."""
    sums = Counter[K]()
    for key, amount in amounts:
        sums[key] += amount
    return {key: str(min(rank, MOST_SERIES)) for rank, (key, _sum) in enumerate(sums.most_common())}


def legend(series: dict[K, str], names: Mapping[K, str]) -> tuple[tuple[str, str], ...]:
    """What each series is called, in their order."""
    named = {colour: names[key] for key, colour in reversed(series.items())}
    if len(series) > MOST_SERIES + 1:
        named[REST] = _("The others")
    return tuple(sorted(named.items()))

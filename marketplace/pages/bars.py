"""The geometry of stacked bars, which templates/parts/bars.html draws as SVG: no script, no style attributes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

HEIGHT = 120.0
STEP = 10.0
BAR_WIDTH = 7.0
# A day without a sale is a line at the foot, so that it can be seen and pointed at.
LEAST_HEIGHT = 1.5

Amounts = Mapping[tuple[date, str], int]
"""(day, source) -> micro-units; below zero where a refund was larger than the day's sales."""


@dataclass(frozen=True)
class Part:
    """One colour of a bar, in the chart's own units; `y` counts from the top, as in SVG."""

    source: str
    amount_micro: int
    y: str
    height: str


@dataclass(frozen=True)
class Bar:
    """`day` is the first of its days. `parts` are stacked from the foot; those below zero have no height."""

    day: date
    amount_micro: int
    x: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Chart:
    bars: tuple[Bar, ...]
    total_micro: int
    first_day: date
    last_day: date
    days_per_bar: int
    width: str
    height: str
    bar_width: str = f"{BAR_WIDTH:.2f}"
    least_y: str = f"{HEIGHT - LEAST_HEIGHT:.2f}"
    least_height: str = f"{LEAST_HEIGHT:.2f}"


def stacked_bars(
    amounts: Amounts, sources: Sequence[str], *, last_day: date, days: int, days_per_bar: int = 1
) -> Chart:
    """The highest bar fills the height; the newest holds whole days, the oldest perhaps fewer."""
    count = -(-days // days_per_bar)
    sums = _sums(amounts, last_day, days_per_bar, count)
    highest = max(sum(max(0, amount) for amount in by_source.values()) for by_source in sums)
    first_day = last_day - timedelta(days=days - 1)
    starts = [last_day - timedelta(days=days_per_bar * (count - number) - 1) for number in range(count)]
    bars = tuple(
        _bar(number, max(start, first_day), [(source, by_source.get(source, 0)) for source in sources], highest)
        for number, (start, by_source) in enumerate(zip(starts, sums, strict=True))
    )
    return Chart(
        bars=bars,
        total_micro=sum(bar.amount_micro for bar in bars),
        first_day=first_day,
        last_day=last_day,
        days_per_bar=days_per_bar,
        width=_plain(count * STEP),
        height=_plain(HEIGHT),
    )


def of_highest(amounts: Sequence[int]) -> list[str]:
    """Lengths of lying bars, of 100."""
    highest = max([1, *amounts])
    return [_plain(100 * max(0, amount) / highest) for amount in amounts]


def _sums(amounts: Amounts, last_day: date, days_per_bar: int, count: int) -> list[dict[str, int]]:
    sums: list[dict[str, int]] = [{} for _ in range(count)]
    for (day, source), amount in amounts.items():
        bar = sums[count - 1 - (last_day - day).days // days_per_bar]
        bar[source] = bar.get(source, 0) + amount
    return sums


def _bar(number: int, day: date, amounts: Sequence[tuple[str, int]], highest: int) -> Bar:
    parts, top = [], HEIGHT
    for source, amount in amounts:
        height = HEIGHT * max(0, amount) / highest if highest else 0.0
        top -= height
        if amount:
            parts.append(Part(source, amount, _plain(top), _plain(height)))
    left = number * STEP + (STEP - BAR_WIDTH) / 2
    return Bar(day, sum(amount for _, amount in amounts), _plain(left), tuple(parts))


def _plain(value: float) -> str:
    """As SVG reads numbers, whatever the page's language."""
    return f"{abs(value):.2f}"

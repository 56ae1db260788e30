"""The geometry of a bar chart, which templates/parts/bars.html draws as SVG: no script, no style attributes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

HEIGHT = 120.0
STEP = 10.0
BAR_WIDTH = 7.0
# A day without a sale is a line at the foot, so that it can be seen and pointed at.
LEAST_HEIGHT = 1.5


@dataclass(frozen=True)
class Bar:
    """In the chart's own units; `y` counts from the top, as in SVG."""

    day: date
    amount_micro: int
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Chart:
    bars: tuple[Bar, ...]
    total_micro: int
    first_day: date
    last_day: date
    width: str
    height: str


def bar_chart(amounts: Mapping[date, int]) -> Chart:
    """One bar a day, the highest filling the height. Raises ValueError without days."""
    days = list(amounts)
    highest = max(amounts.values())
    bars = tuple(_bar(number, day, amounts[day], highest) for number, day in enumerate(days))
    return Chart(bars, sum(amounts.values()), days[0], days[-1], _plain(len(days) * STEP), _plain(HEIGHT))


def _bar(number: int, day: date, amount: int, highest: int) -> Bar:
    height = max(LEAST_HEIGHT, HEIGHT * amount / highest if highest else 0)
    left = number * STEP + (STEP - BAR_WIDTH) / 2
    return Bar(day, amount, _plain(left), _plain(HEIGHT - height), _plain(BAR_WIDTH), _plain(height))


def _plain(value: float) -> str:
    """As SVG reads numbers, whatever the page's language."""
    return f"{value:.2f}"

"""A partner's use of its grants as the portal draws it: one measure as bars by day and style."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from django.http import HttpRequest
from django.utils.translation import gettext as _

from marketplace.pages.bars import Chart, stacked_bars
from marketplace.pages.periods import PERIODS
from marketplace.pages.series import by_rank, legend
from marketplace.pages.usage import Measure, chosen_measure
from marketplace.partners.daily import DayUse

# What fails is no use of a grant, so that there is nothing to tell of orders alone.
MEASURES = [(each.value, each.label) for each in (Measure.IMAGES, Measure.SPENDING)]


def measure_of(request: HttpRequest) -> Measure:
    return Measure.SPENDING if chosen_measure(request) == Measure.SPENDING else Measure.IMAGES


def chart_of(
    lines: Sequence[DayUse], measure: Measure, *, last_day: date, days: int
) -> tuple[Chart, tuple[tuple[str, str], ...]]:
    """The bars, and what their colours are called."""
    series = by_rank((line.version_id, _value(line, measure)) for line in lines)
    amounts = Counter[tuple[date, str]]()
    for line in lines:
        amounts[line.day, series[line.version_id]] += _value(line, measure)
    colours = legend(series, {line.version_id: line.title or _("Mixes of several styles") for line in lines})
    order = [colour for colour, _name in colours]
    return stacked_bars(amounts, order, last_day=last_day, days=days, days_per_bar=PERIODS[days]), colours


def _value(line: DayUse, measure: Measure) -> int:
    return line.paid_micro if measure == Measure.SPENDING else line.images

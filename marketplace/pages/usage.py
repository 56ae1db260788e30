"""An account's use of the API as the portal draws it: one measure as bars by day and key, and a table by key."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.accounts.models import Credential, User
from marketplace.generation.usage import Used, used
from marketplace.pages.bars import Chart, stacked_bars
from marketplace.pages.periods import PERIODS
from marketplace.pages.series import by_rank, legend
from marketplace.statements.earned import days_until


class Measure(models.TextChoices):
    ORDERS = "orders", gettext_lazy("Requests")
    IMAGES = "images", gettext_lazy("Images")
    SPENDING = "spending", gettext_lazy("Spending")


@dataclass(frozen=True)
class KeyUse:
    """What one key did in the whole period; `series` is its colour in the chart."""

    series: str
    name: str
    orders: int
    images: int
    spent_micro: int


@dataclass(frozen=True)
class Usage:
    chart: Chart
    keys: tuple[KeyUse, ...]
    series: tuple[tuple[str, str], ...]


def chosen_measure(request: HttpRequest) -> Measure:
    asked = request.GET.get("show", "")
    return Measure(asked) if asked in Measure.values else Measure.IMAGES


def usage_of(account: User, measure: Measure, *, last_day: date, days: int) -> Usage:
    lines = used(account, days_until(last_day, days))
    series = by_rank((line.credential_id, value(line, measure)) for line in lines)
    amounts = Counter[tuple[date, str]]()
    for line in lines:
        amounts[line.day, series[line.credential_id]] += value(line, measure)
    names = _names(series)
    legend_ = legend(series, names)
    chart = stacked_bars(
        amounts, [each for each, _name in legend_], last_day=last_day, days=days, days_per_bar=PERIODS[days]
    )
    return Usage(chart, _keys(lines, series, names), legend_)


def value(line: Used, measure: Measure) -> int:
    return {Measure.ORDERS: line.orders, Measure.IMAGES: line.images, Measure.SPENDING: line.spent_micro}[measure]


def _names(series: Mapping[int | None, str]) -> dict[int | None, str]:
    named = {each.pk: str(each) for each in Credential.objects.filter(pk__in=[key for key in series if key])}
    return {credential: named.get(credential or 0) or _("Pages, in a browser") for credential in series}


def _keys(
    lines: Sequence[Used], series: Mapping[int | None, str], names: Mapping[int | None, str]
) -> tuple[KeyUse, ...]:
    return tuple(
        KeyUse(
            series=colour,
            name=names[credential],
            orders=sum(line.orders for line in lines if line.credential_id == credential),
            images=sum(line.images for line in lines if line.credential_id == credential),
            spent_micro=sum(line.spent_micro for line in lines if line.credential_id == credential),
        )
        for credential, colour in series.items()
    )

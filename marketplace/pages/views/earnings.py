"""What a person or their organisation has earned: by day, model, source and lineage, and as a statement to download."""

from dataclasses import dataclass
from datetime import UTC

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.ledger.selectors import earning_entries
from marketplace.pages.bars import of_highest, stacked_bars
from marketplace.pages.people import signed_in
from marketplace.pages.periods import PERIODS, chosen_days
from marketplace.statements.earned import (
    OfModel,
    by_day_and_source,
    by_lineage,
    by_model,
    by_source,
    days_until,
    earned,
)
from marketplace.statements.holders import holder_of, holders_of
from marketplace.statements.months import latest_months, month_of
from marketplace.statements.sheet import statement_response

LINES = 50


@dataclass(frozen=True)
class LyingBar:
    """A row with its length, of 100."""

    row: OfModel
    length: str


@require_safe
@login_required
def earnings(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    holder = holder_of(person, request.GET.get("organisation", ""))
    days, today = chosen_days(request), timezone.now().astimezone(UTC).date()
    period = days_until(today, days)
    lines = earned(holder, period)
    sources, models = by_source(lines), by_model(holder, period, lines)
    lengths = of_highest([model.amount_micro for model in models])
    pending, available = holder.balances()
    context = {
        "holder": holder,
        "holders": holders_of(person),
        "days": days,
        "periods": list(PERIODS),
        "pending": pending,
        "available": available,
        "sources": sources,
        "chart": stacked_bars(
            by_day_and_source(lines), list(sources), last_day=today, days=days, days_per_bar=PERIODS[days]
        ),
        "models": [LyingBar(model, length) for model, length in zip(models, lengths, strict=True)],
        "lineage": by_lineage(holder, period),
        "months": latest_months(),
        "lines": list(earning_entries(person)[:LINES]),
    }
    return render(request, "pages/earnings.html", context)


@require_safe
@login_required
def statement(request: HttpRequest) -> StreamingHttpResponse:
    holder = holder_of(signed_in(request), request.GET.get("organisation", ""))
    return statement_response(holder, month_of(request.GET.get("month", "")))

"""What an organisation made under its grants, and its months: charts and tables to look at, sheets to keep."""

from datetime import UTC, timedelta
from itertools import islice

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.pages.cursors import cursor_page
from marketplace.pages.desks import desk_of
from marketplace.pages.licensed_use import MEASURES, chart_of, measure_of
from marketplace.pages.periods import PERIODS, chosen_days
from marketplace.partners.daily import by_day
from marketplace.partners.documents import statement_file, usage_file
from marketplace.partners.statements import lines, opening, own_statement, statements_of, sums_by_kind
from marketplace.partners.usage import days_of
from marketplace.partners.usage import usage as usage_of
from marketplace.statements.months import month_of

# The sheets hold all of them.
GRANTS, LINES = 50, 100


@require_safe
@login_required
@never_cache
def usage(request: HttpRequest, slug: str) -> HttpResponse:
    desk, days, measure = desk_of(request, slug), chosen_days(request), measure_of(request)
    today = timezone.now().astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    chart, series = chart_of(by_day(desk.partner, first, today), measure, last_day=today, days=days)
    report = usage_of(desk.partner, first, today)
    context = {
        "desk": desk,
        "days": days,
        "periods": list(PERIODS),
        "measure": measure,
        "measures": MEASURES,
        "chart": chart,
        "series": series,
        "usage": report,
        "shown": report.grants[:GRANTS],
    }
    return render(request, "pages/licensed_use.html", context)


@require_safe
@login_required
def usage_sheet(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Of the days from `from` to `to`, as the API has it."""
    partner = desk_of(request, slug).partner
    return usage_file(partner, *days_of(request.GET.get("from"), request.GET.get("to")))


@require_safe
@login_required
@never_cache
def statements(request: HttpRequest, slug: str) -> HttpResponse:
    desk = desk_of(request, slug)
    page = cursor_page(request, statements_of(desk.partner), ("month",))
    months = [(statement, month_of(statement.month).start) for statement in page.rows]
    return render(request, "pages/partner_statements.html", {"desk": desk, "page": page, "months": months})


@require_safe
@login_required
@never_cache
def statement(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    desk = desk_of(request, slug)
    found = own_statement(desk.partner, month)
    period = month_of(found.month)
    context = {
        "desk": desk,
        "statement": found,
        "month": period.start,
        "opening_micro": opening(desk.partner, period),
        "sums": sums_by_kind(desk.partner, period),
        "lines": list(islice(lines(desk.partner, period), LINES)),
    }
    return render(request, "pages/partner_statement.html", context)


@require_safe
@login_required
def statement_sheet(request: HttpRequest, slug: str, month: str) -> StreamingHttpResponse:
    partner = desk_of(request, slug).partner
    return statement_file(partner, own_statement(partner, month))

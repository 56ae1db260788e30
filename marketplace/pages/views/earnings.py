"""What a creator has earned, by style and by day."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.generation.selectors import earnings_statement
from marketplace.ledger.selectors import available_balance, pending_balance, recent_earnings
from marketplace.pages.bars import bar_chart
from marketplace.pages.daily import earned_by_day
from marketplace.pages.people import signed_in

DAYS = 30
LINES = 50


@require_safe
@login_required
def earnings(request: HttpRequest) -> HttpResponse:
    creator = signed_in(request)
    context = {
        "pending": pending_balance(creator),
        "available": available_balance(creator),
        "rows": earnings_statement(creator),
        "lines": recent_earnings(creator, limit=LINES),
        "chart": bar_chart(earned_by_day(creator, until=timezone.localdate(), days=DAYS)),
    }
    return render(request, "pages/earnings.html", context)

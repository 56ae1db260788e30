"""What images cost those who run the hub, for staff alone."""

from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.errors import NotFound
from marketplace.pages.periods import PERIODS, chosen_days
from marketplace.pages.sign_in import to_sign_in
from marketplace.statements.costs import costs as costs_of
from marketplace.statements.earned import days_until


@require_safe
def costs(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return to_sign_in(request)
    if not request.user.is_staff:
        raise NotFound(_("There is no such page."), code="page_not_found")
    days = chosen_days(request)
    found = costs_of(days_until(timezone.now().astimezone(UTC).date(), days))
    return render(request, "pages/costs.html", {"costs": found, "days": days, "periods": list(PERIODS)})

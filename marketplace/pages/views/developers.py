"""The developers' portal: overview, quick starts, and what one's programs used."""

from datetime import UTC

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.accounts.roles import Right
from marketplace.accounts.scopes import MEANING
from marketplace.pages.people import signed_in
from marketplace.pages.periods import PERIODS, chosen_days
from marketplace.pages.quick_starts import quick_starts as quick_starts_for
from marketplace.pages.usage import Measure, chosen_measure, usage_of
from marketplace.pages.workspaces import chosen, workspaces


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Open to all: who looks for an API should find it before signing up."""
    context = {"site_url": _site(request), "meanings": [(scope.value, text) for scope, text in MEANING.items()]}
    return render(request, "pages/developers.html", context)


@require_safe
def quick_starts(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/quick_starts.html", {"starts": quick_starts_for(_site(request))})


@require_safe
@login_required
def usage(request: HttpRequest) -> HttpResponse:
    workspace, account = chosen(request, Right.SEE_MONEY)
    days, measure = chosen_days(request), chosen_measure(request)
    today = timezone.now().astimezone(UTC).date()
    context = {
        "workspace": workspace,
        "workspaces": workspaces(signed_in(request), Right.SEE_MONEY),
        "days": days,
        "periods": list(PERIODS),
        "measure": measure,
        "measures": Measure.choices,
        "usage": usage_of(account, measure, last_day=today, days=days),
    }
    return render(request, "pages/usage.html", context)


def _site(request: HttpRequest) -> str:
    """The address that programs put before the API's paths."""
    return request.build_absolute_uri("/").rstrip("/")

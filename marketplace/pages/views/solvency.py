"""Anyone may check that what the platform owes is covered."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.statements.solvency import recent_solvency


@require_safe
def solvency(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/solvency.html", {"books": recent_solvency()})

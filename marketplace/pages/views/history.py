"""A buyer's pictures, newest first, each with the settings that made it."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.generation.selectors import history as pictures_of
from marketplace.pages.people import signed_in

PICTURES_PER_PAGE = 24


@require_safe
@login_required
def history(request: HttpRequest) -> HttpResponse:
    pictures = Paginator(pictures_of(signed_in(request)), PICTURES_PER_PAGE)
    return render(request, "pages/history.html", {"page": pictures.get_page(request.GET.get("page"))})

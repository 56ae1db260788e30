"""The gallery: every published style, by its pictures."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from marketplace.catalogue.selectors import base_models, published_styles

CARDS_PER_PAGE = 24


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx the cards alone."""
    search, base = request.GET.get("q", "").strip()[:100], request.GET.get("base", "")
    styles = published_styles(search=search, base_model=base or None)
    context = {
        "page": Paginator(styles, CARDS_PER_PAGE).get_page(request.GET.get("page")),
        "bases": base_models(),
        "search": search,
        "base": base,
    }
    wants_cards = request.headers.get("HX-Request") and not request.headers.get("HX-History-Restore-Request")
    response = render(request, "parts/cards.html" if wants_cards else "pages/gallery.html", context)
    # One address has two answers, and no cache may take one for the other.
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response

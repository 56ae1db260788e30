"""Light or dark, as the visitor chose; without a choice the browser's own setting decides."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

COOKIE = "theme"
THEMES = ("light", "dark")
A_YEAR = 365 * 24 * 3600


def chosen_theme(request: HttpRequest) -> str:
    """ "light", "dark", or "" for the browser's own setting."""
    theme = request.COOKIES.get(COOKIE, "")
    return theme if theme in THEMES else ""


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the choice; any other value forgets it."""
    response = redirect(own_address(request, request.POST.get("next", "")))
    choice = request.POST.get("theme", "")
    if choice in THEMES:
        response.set_cookie(COOKIE, choice, max_age=A_YEAR, samesite="Lax", httponly=True, secure=request.is_secure())
    else:
        response.delete_cookie(COOKIE)
    return response


def own_address(request: HttpRequest, address: str) -> str:
    """The address if it is one of ours, else the gallery: a form must not send people elsewhere."""
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure()):
        return address
    return "/"

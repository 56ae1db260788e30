"""What an organisation may license: its pictures first, newest first, by what it permits and where."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from marketplace.accounts.roles import Right
from marketplace.pages.countries import countries
from marketplace.pages.cursors import cursor_page
from marketplace.pages.desks import desk_of
from marketplace.pages.licensed import cards, permissions
from marketplace.pages.people import signed_in
from marketplace.pages.workspaces import workspaces
from marketplace.partners.matrix import Licensable
from marketplace.partners.notices import recent_notices
from marketplace.partners.policies import NAMES
from marketplace.partners.wanted import checked_permissions, checked_territory


@require_safe
@login_required
def entrance(request: HttpRequest) -> HttpResponse:
    """To the one organisation that somebody licenses for, or a choice of several; there to the version of `?version=`."""
    version = request.GET.get("version", "")
    found = [
        (_address(each.slug, version), each.name)
        for each in workspaces(signed_in(request), Right.SEE_MONEY)
        if each.slug
    ]
    if len(found) == 1:
        return redirect(found[0][0])
    return render(request, "pages/licensing_entrance.html", {"organisations": found})


@require_safe
@login_required
def licensing(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole page, or for htmx the cards alone."""
    desk = desk_of(request, slug)
    asked = checked_permissions([name for name in request.GET.getlist("permissions") if name])
    territory = checked_territory([code for code in request.GET.getlist("territory") if code])
    # Numbers of versions never change, so a cursor stays where it was.
    page = cursor_page(request, Licensable(desk.partner, asked, territory), ("pk",))
    context = {
        "desk": desk,
        "page": page,
        "cards": cards(desk.partner, page.rows),
        "permissions": permissions(NAMES),
        "asked": asked,
        "territory": territory,
        "countries": countries(),
        "notices": recent_notices(desk.partner, timezone.now()),
    }
    wants_cards = request.headers.get("HX-Request") and not request.headers.get("HX-History-Restore-Request")
    response = render(request, "parts/licensable_cards.html" if wants_cards else "pages/licensing.html", context)
    # One address has two answers, and no cache may take one for the other.
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


def _address(slug: str, version: str) -> str:
    is_number = version.isascii() and version.isdecimal() and len(version) < 18
    return reverse("pages:license", args=[slug, version]) if is_number else reverse("pages:licensing", args=[slug])

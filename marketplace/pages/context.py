"""What every template may show."""

from dataclasses import dataclass
from functools import partial

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from marketplace.accounts.models import User
from marketplace.ledger.selectors import wallet_balance
from marketplace.pages.views.theme import chosen_theme


@dataclass(frozen=True)
class NavigationLink:
    url: str
    label: str
    icon: str


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "site_name": "Irodori",
        "theme": chosen_theme(request),
        "navigation": navigation(request),
        # A callable, which only templates that show the balance call: most responses are fragments that don't.
        "wallet_micro": partial(_wallet, request),
    }


def navigation(request: HttpRequest) -> list[NavigationLink]:
    """The same sections in the header of a desktop and at the foot of a phone."""
    links = [
        NavigationLink(reverse("pages:gallery"), gettext("Gallery"), "grid"),
        NavigationLink(reverse("pages:pictures"), gettext("Pictures"), "picture"),
        NavigationLink(reverse("pages:create"), gettext("Create"), "brush"),
    ]
    # Pages rendered before the session is read, as the server error page is, have no user.
    if getattr(request, "user", None) is not None and request.user.is_authenticated:
        links.append(NavigationLink(reverse("pages:history"), gettext("History"), "clock"))
        links.append(NavigationLink(reverse("pages:studio"), gettext("Studio"), "studio"))
    return links


def _wallet(request: HttpRequest) -> int:
    return wallet_balance(request.user) if isinstance(request.user, User) else 0

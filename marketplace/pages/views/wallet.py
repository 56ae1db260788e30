"""Credits: how many there are, what moved them, and buying more."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from marketplace.accounts.models import User
from marketplace.errors import InvalidInput, Refusal
from marketplace.ledger.selectors import held_balance, recent_entries, wallet_balance
from marketplace.orders.services import start_top_up
from marketplace.pages.forms.refusals import refusal_fragment
from marketplace.pages.people import signed_in
from marketplace.statements.movements import movements

PROVIDER = "sandbox"
ENTRIES = 100
AMOUNTS_MICRO = (5_000_000, 10_000_000, 20_000_000, 50_000_000)


@dataclass(frozen=True)
class Amount:
    micro: int

    @property
    def price(self) -> str:
        return gettext("%(dollars)s US dollars") % {"dollars": self.micro // 1_000_000}


AMOUNTS = tuple(Amount(micro) for micro in AMOUNTS_MICRO)


@require_safe
@login_required
def wallet(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    context = {
        "balance": wallet_balance(person),
        "held": held_balance(person),
        "movements": movements(recent_entries(person, limit=ENTRIES)),
        "amounts": AMOUNTS,
    }
    return render(request, "pages/wallet.html", context)


@require_POST
@login_required
def top_up(request: HttpRequest) -> HttpResponse:
    return to_checkout(request, signed_in(request), reverse("pages:wallet"))


def to_checkout(request: HttpRequest, buyer: User, return_path: str) -> HttpResponse:
    """Send the browser to the provider's checkout, for the amount that the form chose.

    Through htmx where it runs: a form may only lead to our own address (form-action), and a provider has another.
    """
    try:
        checkout = start_top_up(
            buyer=buyer,
            amount_micro=_amount(request),
            provider=PROVIDER,
            return_url=request.build_absolute_uri(return_path),
            webhook_url=request.build_absolute_uri(reverse("api:payment-webhook", args=[PROVIDER])),
        )
    except Refusal as refusal:
        if request.headers.get("HX-Request"):
            return refusal_fragment(request, refusal)
        raise
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(checkout.url)
    return redirect(checkout.url)


def _amount(request: HttpRequest) -> int:
    """Raises InvalidInput for an amount that the page does not offer."""
    offered = {str(micro): micro for micro in AMOUNTS_MICRO}
    amount = offered.get(request.POST.get("amount_micro", ""))
    if amount is None:
        raise InvalidInput(
            gettext("Choose one of the amounts on the page."), code="invalid_amount", field="amount_micro"
        )
    return amount

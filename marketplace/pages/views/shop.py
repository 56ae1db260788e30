"""Finished pictures for sale, and buying anything that is paid at once: told first, then paid as told."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.catalogue.licences import LICENCES
from marketplace.errors import Refusal
from marketplace.generation.obligations import credit_lines
from marketplace.generation.selectors import get_for_buyer
from marketplace.ledger.selectors import wallet_balance
from marketplace.orders.delivery import preview
from marketplace.orders.listings import list_picture, withdraw_listing
from marketplace.orders.purchases import buy as buy_quoted
from marketplace.orders.purchases import quote_purchase
from marketplace.orders.selectors import open_listings, own_listing, shown_listing
from marketplace.pages.amounts import micro_of
from marketplace.pages.people import signed_in
from marketplace.payouts.selectors import plan_earners

PER_PAGE = 24


@require_safe
def pictures(request: HttpRequest) -> HttpResponse:
    page = Paginator(open_listings(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "pages/pictures.html", {"page": page})


@require_safe
def picture(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    listing = shown_listing(listing_id)
    context = {
        "listing": listing,
        "licence": LICENCES.get(listing.licence),
        "earners": plan_earners(listing.plan),
        "credit_lines": credit_lines(listing.generation),
    }
    return render(request, "pages/picture.html", context)


@require_safe
def picture_preview(request: HttpRequest, listing_id: UUID) -> HttpResponseBase:
    return preview(request, shown_listing(listing_id))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def buy(request: HttpRequest) -> HttpResponse:
    """The price and who gets it; the button pays exactly that."""
    buyer = signed_in(request)
    if request.method == "POST":
        purchase = buy_quoted(buyer=buyer, quote=request.POST.get("quote", ""))
        messages.success(request, gettext("Bought. It is yours now."))
        return redirect(f"/purchases/#purchase-{purchase.pk}")
    quote = quote_purchase(buyer=buyer, kind=request.GET.get("kind", ""), item=request.GET.get("item", ""))
    missing = max(0, quote.total_micro - wallet_balance(buyer))
    return render(request, "pages/buy.html", {"quote": quote, "missing_micro": missing})


@require_POST
@login_required
def sell(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    seller = signed_in(request)
    generation = get_for_buyer(seller, generation_id)
    try:
        listing = list_picture(
            seller=seller,
            generation=generation,
            title=request.POST.get("title", ""),
            licence=request.POST.get("licence", ""),
            price_micro=micro_of(request.POST.get("price_credits", "")),
        )
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("pages:generation", generation_id)
    messages.success(request, gettext("Your picture is for sale."))
    return redirect("pages:listing", listing.pk)


@require_POST
@login_required
def withdraw(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    withdraw_listing(listing=own_listing(signed_in(request), listing_id))
    messages.success(request, gettext("It is no longer for sale. Those who bought it keep it."))
    return redirect("pages:pictures")

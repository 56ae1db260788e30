"""What a person has bought and subscribes to, and what a creator asks of subscribers."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from marketplace.errors import Refusal
from marketplace.orders.delivery import purchased
from marketplace.orders.purchases import stop_renewing
from marketplace.orders.selectors import own_purchase, purchases_of, subscriptions_of
from marketplace.orders.subscriptions import close_subscription, offer_subscription
from marketplace.pages.amounts import micro_of
from marketplace.pages.people import signed_in

PER_PAGE = 50


@require_safe
@login_required
def purchases(request: HttpRequest) -> HttpResponse:
    buyer = signed_in(request)
    context = {
        "page": Paginator(purchases_of(buyer), PER_PAGE).get_page(request.GET.get("page")),
        "subscriptions": subscriptions_of(buyer),
        "now": timezone.now(),
    }
    return render(request, "pages/purchases.html", context)


@require_safe
@login_required
def download(request: HttpRequest, purchase_id: UUID) -> HttpResponseBase:
    return purchased(request, own_purchase(signed_in(request), purchase_id))


@require_POST
@login_required
def stop_subscription(request: HttpRequest, creator_id: int) -> HttpResponse:
    stop_renewing(buyer=signed_in(request), creator_id=creator_id)
    messages.success(request, gettext("It will not renew. What you paid for stays until its end."))
    return redirect("pages:purchases")


@require_POST
@login_required
def subscription_offer(request: HttpRequest) -> HttpResponse:
    """A price opens the offer, an empty one closes it."""
    creator, price = signed_in(request), request.POST.get("price_credits", "").strip()
    try:
        if price:
            offer_subscription(creator=creator, price_micro=micro_of(price))
            messages.success(request, gettext("People can subscribe to you at this price."))
        else:
            close_subscription(creator=creator)
            messages.success(request, gettext("Nobody new can subscribe, and nobody’s subscription renews."))
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("pages:studio")

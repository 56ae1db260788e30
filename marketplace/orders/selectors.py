"""What a person has bought, subscribes to and sells."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.errors import NotFound
from marketplace.generation.models import Generation
from marketplace.orders.models import Listing, Purchase, Subscription, SubscriptionOffer

# A purchase's payment is known to the ledger by this and the purchase's id.
PURCHASE_KEY = "purchase:"


def is_subscribed(buyer: User, creator: User, now: datetime) -> bool:
    return Subscription.objects.filter(buyer=buyer, creator=creator, until__gt=now).exists()


def purchases_of(buyer: User) -> QuerySet[Purchase]:
    """Newest first, with what each is about at hand."""
    bought = Purchase.objects.filter(buyer=buyer).select_related(
        "version__style__creator", "version__pack", "creator", "listing__seller", "listing__generation"
    )
    return bought.order_by("-created_at")


def own_purchase(buyer: User, purchase_id: UUID) -> Purchase:
    """Raises NotFound for another's, and for one that was refunded."""
    purchase = purchases_of(buyer).filter(pk=purchase_id, refunded_at=None).first()
    if purchase is None:
        raise NotFound(_("There is no such purchase."))
    return purchase


def purchase_of_payment(buyer: User, key: str) -> Purchase | None:
    """What a payment that the ledger knows by this key was for; None where it was for no purchase."""
    if not key.startswith(PURCHASE_KEY):
        return None
    return purchases_of(buyer).filter(pk=key.removeprefix(PURCHASE_KEY)).first()


def subscriptions_of(buyer: User) -> QuerySet[Subscription]:
    return Subscription.objects.filter(buyer=buyer).select_related("creator").order_by("-until")


def subscription_offer(creator: User) -> SubscriptionOffer | None:
    return SubscriptionOffer.objects.filter(creator=creator, open=True).first()


def open_listings() -> QuerySet[Listing]:
    """Newest first."""
    listed = Listing.objects.filter(open=True, generation__state=Generation.State.SUCCEEDED)
    return listed.select_related("seller", "generation").order_by("-created_at")


def shown_listing(listing_id: UUID) -> Listing:
    """Raises NotFound, also for one that is no longer sold."""
    listing = open_listings().filter(pk=listing_id).first()
    if listing is None:
        raise NotFound(_("There is no such picture for sale."))
    return listing


def own_listing(seller: User, listing_id: UUID) -> Listing:
    listing = Listing.objects.filter(pk=listing_id, seller=seller).first()
    if listing is None:
        raise NotFound(_("There is no such picture for sale."))
    return listing

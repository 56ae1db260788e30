"""What a person has bought, subscribes to and sells."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.errors import NotFound
from marketplace.generation.models import Generation
from marketplace.orders.models import Listing, Purchase, Subscription, SubscriptionOffer, TopUp

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


def own_purchase(buyer: User, purchase_id: UUID, *, refunded_too: bool = False) -> Purchase:
    """Raises NotFound for another's, and unless `refunded_too` for one that was refunded."""
    purchase = purchases_of(buyer).filter(pk=purchase_id).first()
    if purchase is None or (purchase.refunded_at is not None and not refunded_too):
        raise NotFound(_("There is no such purchase."))
    return purchase


def purchase_of_payment(buyer: User, key: str) -> Purchase | None:
    """What a payment that the ledger knows by this key was for; None where it was for no purchase."""
    if not key.startswith(PURCHASE_KEY):
        return None
    return purchases_of(buyer).filter(pk=key.removeprefix(PURCHASE_KEY)).first()


def names_bought(keys: Iterable[str]) -> dict[str, str]:
    """What was bought by payments that the ledger knows by these keys, as it was called then; only for purchases."""
    ids = [key.removeprefix(PURCHASE_KEY) for key in keys if key.startswith(PURCHASE_KEY)]
    rows = Purchase.objects.filter(pk__in=ids).values_list("pk", "name") if ids else []
    return {f"{PURCHASE_KEY}{pk}": name for pk, name in rows}


def subscriptions_of(buyer: User) -> QuerySet[Subscription]:
    return Subscription.objects.filter(buyer=buyer).select_related("creator").order_by("-until")


def own_subscription(buyer: User, creator_id: int) -> Subscription:
    """Raises NotFound."""
    held = subscriptions_of(buyer).filter(creator_id=creator_id).first()
    if held is None:
        raise NotFound(_("You are not subscribed to this creator."), code="not_subscribed")
    return held


def top_ups_of(buyer: User) -> QuerySet[TopUp]:
    """Newest first."""
    return TopUp.objects.filter(buyer=buyer).order_by("-created_at")


def own_top_up(buyer: User, top_up_id: UUID) -> TopUp:
    """Raises NotFound for another's too."""
    top_up = top_ups_of(buyer).filter(pk=top_up_id).first()
    if top_up is None:
        raise NotFound(_("There is no such top-up among yours."))
    return top_up


def subscription_offer(creator: User) -> SubscriptionOffer | None:
    return SubscriptionOffer.objects.filter(creator=creator, open=True).first()


def open_listings(search: str = "") -> QuerySet[Listing]:
    """Newest first; `search` looks in titles and sellers' names."""
    listed = Listing.objects.filter(open=True, generation__state=Generation.State.SUCCEEDED)
    for word in search.split():
        listed = listed.filter(Q(title__icontains=word) | Q(seller__display_name__icontains=word))
    return _with_generation(listed)


def listings_of(seller: User) -> QuerySet[Listing]:
    """Newest first, those that are no longer sold too."""
    return _with_generation(Listing.objects.filter(seller=seller))


def shown_listing(listing_id: UUID) -> Listing:
    """Raises NotFound, also for one that is no longer sold."""
    listing = open_listings().filter(pk=listing_id).first()
    if listing is None:
        raise NotFound(_("There is no such picture for sale."))
    return listing


def own_listing(seller: User, listing_id: UUID) -> Listing:
    listing = listings_of(seller).filter(pk=listing_id).first()
    if listing is None:
        raise NotFound(_("There is no such picture for sale."))
    return listing


def _with_generation(listings: QuerySet[Listing]) -> QuerySet[Listing]:
    return listings.select_related("seller", "generation").order_by("-created_at")

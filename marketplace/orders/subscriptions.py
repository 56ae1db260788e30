"""What a creator asks of subscribers. Prices agreed before stay until a subscription is bought again."""

from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.errors import InvalidInput
from marketplace.orders.models import SubscriptionOffer

MOST_MICRO = 100_000_000  # 100 USD


def offer_subscription(*, creator: User, price_micro: int) -> SubscriptionOffer:
    """Raises InvalidInput."""
    if not 0 < price_micro <= MOST_MICRO:
        raise InvalidInput(
            _("A subscription costs more than 0 and at most 10,000 credits for 30 days."),
            code="price_out_of_range",
            field="price_micro",
        )
    fields = {"price_micro": price_micro, "open": True}
    offer, _created = SubscriptionOffer.objects.update_or_create(creator=creator, defaults=fields)
    return offer


def close_subscription(*, creator: User) -> None:
    """Nobody new, and nobody renews; what is paid stays until its end."""
    SubscriptionOffer.objects.filter(creator=creator).update(open=False)

"""What the hub announces about money and goods: to who pays, and to who sells."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.events import EventData, Kind, announce
from marketplace.orders.models import Purchase, TopUp

ID = UUID("e4a2b1f0-6c1d-4a57-8f3f-5a7c9a0d2b11")


class TopUpPaid(EventData):
    id: UUID
    """The top-up."""
    amount_micro: int
    """What the wallet grew by, in 1e-6 of the currency."""
    currency: str
    """Such as `USD`."""


class PurchaseMade(EventData):
    id: UUID
    """The purchase."""
    kind: str
    """`file` (a model's), `subscription` (30 days of it) or `picture` (a finished one)."""
    title: str
    """What it is called."""
    price_micro: int
    """What was paid, in 1e-6 of the currency."""
    currency: str
    """Such as `USD`."""


PAID = Kind(
    "top_up.paid",
    _("A payment has reached your wallet."),
    TopUpPaid,
    TopUpPaid(id=ID, amount_micro=10_000_000, currency="USD"),
)
_BOUGHT = PurchaseMade(
    id=ID, kind="file", title="The file of “Washed Ink”, version 1", price_micro=2_000_000, currency="USD"
)
PURCHASED = Kind(
    "purchase.made",
    _("You have bought a file, a subscription or a picture. A renewed subscription is bought again."),
    PurchaseMade,
    _BOUGHT,
)
SOLD = Kind(
    "sale.made",
    _("Somebody has bought a file, a subscription or a picture of yours. Your part is in your earnings."),
    PurchaseMade,
    _BOUGHT,
)
KINDS = (PAID, PURCHASED, SOLD)


def announce_paid(top_up: TopUp) -> None:
    data = TopUpPaid(id=top_up.pk, amount_micro=top_up.amount_micro, currency=top_up.currency)
    announce(PAID.event(top_up.buyer_id, data))


def announce_purchase(purchase: Purchase, *, kind: str, title: str, seller: User) -> None:
    """The seller is not told who bought it."""
    data = PurchaseMade(
        id=purchase.pk, kind=kind, title=title, price_micro=purchase.price_micro, currency=purchase.currency
    )
    announce(PURCHASED.event(purchase.buyer_id, data))
    announce(SOLD.event(seller.pk, data))

"""Buying at once: a quote first, then one transaction that pays everyone and delivers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4, uuid5

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.errors import NotEnoughCredit
from marketplace.ledger import services as ledger
from marketplace.orders import quotes
from marketplace.orders.announcements import announce_purchase
from marketplace.orders.goods import SUBSCRIPTION_DAYS, Good, SubscriptionPeriod, good
from marketplace.orders.models import Purchase, Subscription, SubscriptionOffer
from marketplace.orders.selectors import PURCHASE_KEY
from marketplace.payouts.parts import SplitLine, payee_lines, split_lines
from marketplace.payouts.plans import divide
from marketplace.payouts.selectors import names_of

log = structlog.get_logger(__name__)

RENEWED_BEFORE = timedelta(hours=24)


@dataclass(frozen=True)
class PurchaseQuote:
    """`token` buys it at this price until `expires_at`; `split` sums to `total_micro`."""

    kind: str
    title: str
    total_micro: int
    split: tuple[SplitLine, ...]
    token: str
    expires_at: datetime


def quote_purchase(*, buyer: User, kind: str, item: str) -> PurchaseQuote:
    """Raises NotFound for what is not for sale, Conflict for what is the buyer's already."""
    wanted = good(kind, item)
    wanted.refuse(buyer)
    price = {"kind": kind, "item": item, "total": wanted.price_micro}
    token = quotes.sign(quotes.Promise(buyer.pk, f"{PURCHASE_KEY}{uuid4()}", price))
    parts = divide(wanted.price_micro, wanted.plan)
    split = split_lines(parts, names_of(part for part, _ in parts))
    return PurchaseQuote(kind, wanted.title, wanted.price_micro, split, token.text, token.expires_at)


def buy(*, buyer: User, quote: str) -> Purchase:
    """Pay what was quoted and deliver. The same quote again gives the same purchase.

    Raises what quotes.read and good raise, Conflict for what is the buyer's already, NotEnoughCredit; then nothing is
    written.
    """
    promise = quotes.read(quote, buyer_id=buyer.pk)
    number = _number(promise.item)
    if (bought := Purchase.objects.filter(pk=number, buyer=buyer).first()) is not None:
        return bought
    wanted = good(promise.price["kind"], promise.price["item"])
    wanted.refuse(buyer)
    try:
        return _pay(number, buyer, wanted, promise.price["total"])
    except IntegrityError:
        if (bought := Purchase.objects.filter(pk=number, buyer=buyer).first()) is not None:
            return bought  # the same quote, in this very moment
        wanted.refuse(buyer)
        raise


def renew_subscriptions(*, now: datetime) -> int:
    """Charge for the next 30 days where a subscription ends within a day; without credit it ends. Says how many paid."""
    ending = Subscription.objects.filter(renews=True, until__gt=now, until__lte=now + RENEWED_BEFORE)
    return sum(_renew(subscription) for subscription in ending.select_related("buyer", "creator")[:500])


def stop_renewing(*, buyer: User, creator_id: int) -> None:
    """What is paid stays until its end."""
    Subscription.objects.filter(buyer=buyer, creator_id=creator_id).update(renews=False)


@transaction.atomic
def refund_purchase(*, purchase: Purchase) -> None:
    """Return the whole price: each payee gives back its part. What was bought is no longer the buyer's."""
    ledger.refund(key=f"{payment_key(purchase)}:refund", payment_key=payment_key(purchase))
    first_time = Purchase.objects.filter(pk=purchase.pk, refunded_at=None).update(refunded_at=timezone.now())
    if first_time and purchase.kind == Purchase.Kind.SUBSCRIPTION:
        held = Subscription.objects.filter(buyer=purchase.buyer_id, creator=purchase.creator_id)
        held.update(until=F("until") - timedelta(days=SUBSCRIPTION_DAYS), renews=False)


def payment_key(purchase: Purchase) -> str:
    return f"{PURCHASE_KEY}{purchase.pk}"


@transaction.atomic
def _pay(number: UUID, buyer: User, wanted: Good, price_micro: int) -> Purchase:
    purchase = Purchase.objects.create(
        pk=number, buyer=buyer, kind=wanted.kind, name=wanted.name, price_micro=price_micro, **wanted.fields
    )
    payees = payee_lines(price_micro, wanted.plan, sold=wanted.subject, currency=purchase.currency)
    ledger.pay(key=payment_key(purchase), buyer_id=buyer.pk, payees=payees, currency=purchase.currency)
    wanted.deliver(buyer, price_micro)
    announce_purchase(purchase, kind=wanted.kind, title=wanted.title, seller=wanted.seller)
    log.info("purchase.paid", purchase=str(number), kind=wanted.kind, price_micro=price_micro)
    return purchase


def _renew(subscription: Subscription) -> bool:
    """At the price agreed before, unless the creator asks less now."""
    offer = SubscriptionOffer.objects.select_related("creator").filter(creator=subscription.creator, open=True).first()
    # Named by the period that ends, so that two clocks charge once.
    number = uuid5(UUID(int=subscription.pk), subscription.until.isoformat())
    if offer is None or Purchase.objects.filter(pk=number).exists():
        return False
    try:
        price_micro = min(subscription.price_micro, offer.price_micro)
        _pay(number, subscription.buyer, SubscriptionPeriod(offer), price_micro)
    except (NotEnoughCredit, IntegrityError) as error:
        log.info("subscription.not_renewed", subscription=subscription.pk, reason=type(error).__name__)
        return False
    return True


def _number(item: str) -> UUID:
    if not item.startswith(PURCHASE_KEY):
        raise quotes.unknown()
    return UUID(item.removeprefix(PURCHASE_KEY))

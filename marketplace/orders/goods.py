"""What can be bought at once, and on which terms: one small class for each kind of purchase."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.organisations import partner_of
from marketplace.catalogue.models import StyleVersion
from marketplace.errors import Conflict, NotFound
from marketplace.generation.licensed import refuse_what_is_not_licensed
from marketplace.ledger.selectors import VERSION_SUBJECT
from marketplace.orders.models import Listing, Purchase, Subscription, SubscriptionOffer
from marketplace.orders.releases import refuse_before_release
from marketplace.payouts.plans import Payee, Plan, subscription_plan
from marketplace.payouts.selectors import read_plan, version_plan

SUBSCRIPTION_DAYS = 30


class Good(Protocol):
    """`fields` say what it is in its Purchase row; `subject` is what the ledger calls it, and `name` its makers."""

    kind: Purchase.Kind

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def price_micro(self) -> int: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def seller(self) -> User: ...
    @property
    def subject(self) -> str: ...
    @property
    def fields(self) -> dict[str, Any]: ...
    def refuse(self, buyer: User) -> None:
        """Raises Conflict where this buyer can't buy it, NotAllowed where its creator does not license it to them."""

    def deliver(self, buyer: User, price_micro: int) -> None:
        """What the buyer has beside the Purchase row itself; runs in the transaction that pays."""


@dataclass(frozen=True)
class ModelFile:
    version: StyleVersion
    kind = Purchase.Kind.FILE

    @property
    def name(self) -> str:
        return self.version.style.title

    @property
    def title(self) -> str:
        return _file_title(self.name, self.version)

    @property
    def price_micro(self) -> int:
        return self.version.download_price_micro or 0

    @property
    def plan(self) -> Plan:
        return version_plan(self.version)

    @property
    def seller(self) -> User:
        return self.version.style.creator

    @property
    def subject(self) -> str:
        return f"{VERSION_SUBJECT}{self.version.pk}"

    @property
    def fields(self) -> dict[str, Any]:
        return {"version": self.version}

    def refuse(self, buyer: User) -> None:
        if buyer.pk == self.version.style.creator_id:
            raise _own()
        refuse_before_release(buyer, self.version, by_program=False, now=timezone.now())
        base = self.version.pack.base_model
        refuse_what_is_not_licensed(base, [self.version], resale=False, partner=partner_of(buyer))
        _refuse_twice(buyer, self.fields)

    def deliver(self, buyer: User, price_micro: int) -> None:
        pass


@dataclass(frozen=True)
class SubscriptionPeriod:
    offer: SubscriptionOffer
    kind = Purchase.Kind.SUBSCRIPTION

    @property
    def name(self) -> str:
        return self.offer.creator.display_name

    @property
    def title(self) -> str:
        return _subscription_title(self.name)

    @property
    def price_micro(self) -> int:
        return self.offer.price_micro

    @property
    def plan(self) -> Plan:
        return subscription_plan(Payee(self.offer.creator_id))

    @property
    def seller(self) -> User:
        return self.offer.creator

    @property
    def subject(self) -> str:
        return f"subscription:{self.offer.creator_id}"

    @property
    def fields(self) -> dict[str, Any]:
        return {"creator": self.offer.creator}

    def refuse(self, buyer: User) -> None:
        if buyer.pk == self.offer.creator_id:
            raise _own()

    def deliver(self, buyer: User, price_micro: int) -> None:
        """Thirty days more, from now or from when the paid ones end."""
        now = timezone.now()
        held, _created = Subscription.objects.select_for_update().get_or_create(
            buyer=buyer, creator=self.offer.creator, defaults={"until": now, "price_micro": price_micro}
        )
        held.until, held.price_micro, held.renews = _longer(held.until, now), price_micro, True
        held.save()


@dataclass(frozen=True)
class Picture:
    listing: Listing
    kind = Purchase.Kind.PICTURE

    @property
    def name(self) -> str:
        return self.listing.title

    @property
    def title(self) -> str:
        return self.name

    @property
    def price_micro(self) -> int:
        return self.listing.price_micro

    @property
    def plan(self) -> Plan:
        return read_plan(self.listing.plan)

    @property
    def seller(self) -> User:
        return self.listing.seller

    @property
    def subject(self) -> str:
        return f"picture:{self.listing.pk}"

    @property
    def fields(self) -> dict[str, Any]:
        return {"listing": self.listing}

    def refuse(self, buyer: User) -> None:
        if buyer.pk == self.listing.seller_id:
            raise _own()
        _refuse_twice(buyer, self.fields)

    def deliver(self, buyer: User, price_micro: int) -> None:
        pass


def good(kind: str, item: str) -> Good:
    """What is on offer under this kind and id. Raises NotFound for everything else."""
    if kind == Purchase.Kind.FILE and item.isdecimal() and len(item) < 18:
        versions = StyleVersion.objects.select_related("style__creator", "pack__base_model", "plan")
        version = versions.filter(pk=int(item), state="published", download_price_micro__isnull=False).first()
        if version is not None:
            return ModelFile(version)
    if kind == Purchase.Kind.SUBSCRIPTION and item.isdecimal() and len(item) < 18:
        offer = SubscriptionOffer.objects.select_related("creator").filter(creator_id=int(item), open=True).first()
        if offer is not None:
            return SubscriptionPeriod(offer)
    if kind == Purchase.Kind.PICTURE and (listing := _listing(item)) is not None:
        return Picture(listing)
    raise NotFound(_("This is not for sale."), code="not_for_sale")


def title_of(purchase: Purchase) -> str:
    """What was bought, as it was called then; it may be on offer no more."""
    if purchase.version is not None:
        return _file_title(purchase.name, purchase.version)
    return purchase.name if purchase.listing_id is not None else _subscription_title(purchase.name)


def _file_title(name: str, version: StyleVersion) -> str:
    return _("The file of “%(title)s”, version %(number)d") % {"title": name, "number": version.number}


def _subscription_title(name: str) -> str:
    return _("30 days of %(creator)s’s new styles before everyone else") % {"creator": name}


def _listing(item: str) -> Listing | None:
    try:
        number = UUID(item)
    except ValueError:
        return None
    return Listing.objects.select_related("plan", "seller", "generation").filter(pk=number, open=True).first()


def _longer(until: datetime, now: datetime) -> datetime:
    return max(until, now) + timedelta(days=SUBSCRIPTION_DAYS)


def _refuse_twice(buyer: User, fields: dict[str, Any]) -> None:
    if Purchase.objects.filter(buyer=buyer, refunded_at=None, **fields).exists():
        raise Conflict(_("You have bought this already. It is among your purchases."), code="already_bought")


def _own() -> Conflict:
    return Conflict(_("This is your own."), code="ones_own")

"""Quotes of images: told first, then charged exactly so, even if a price or a plan has changed in between."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from marketplace.accounts.models import User
from marketplace.catalogue.models import BaseModel
from marketplace.generation.permits import AS_OFFERED, Permit
from marketplace.generation.pricing import Quote, quote_of
from marketplace.generation.validation import Order
from marketplace.orders import quotes
from marketplace.payouts.selectors import newest_base_plan


@dataclass(frozen=True)
class Agreed:
    """What an image costs: `style_micro` is by version, `compute_plan_id` the base's plan (None: the platform's)."""

    compute_micro: int
    compute_plan_id: int | None
    style_micro: dict[int, int]


def signed(buyer: User, order: Order, permit: Permit | None) -> tuple[Quote, quotes.Token]:
    """The price, and the token by which the buyer gets it for a while."""
    quote = quote_of(order, _prices(order, permit))
    agreed = _agreed(quote)
    price = {"c": agreed.compute_micro, "p": agreed.compute_plan_id, "s": list(agreed.style_micro.items())}
    return quote, quotes.sign(quotes.Promise(buyer.pk, item_of(order, permit), price))


def agreed(buyer: User, order: Order, token: str, permit: Permit | None) -> Agreed:
    """What was quoted; without a token what it costs now. Raises what quotes.read_for and the permit raise."""
    prices = _prices(order, permit)
    if not token:
        return agreed_now([order], prices)[0]
    price = quotes.read_for(token, buyer_id=buyer.pk, item=item_of(order, permit))
    return Agreed(price["c"], price["p"], dict(price["s"]))


def agreed_now(orders: Sequence[Order], prices: Mapping[int, int] = AS_OFFERED) -> list[Agreed]:
    """What each costs now, with one query for each base; `prices` are those of versions that cost something else."""

    @cache
    def plan_of(base: BaseModel) -> int | None:
        plan = newest_base_plan(base)
        return None if plan is None else plan.pk

    return [
        Agreed(
            order.compute_micro,
            plan_of(order.base),
            {style.version.pk: prices.get(style.version.pk, style.version.price_micro) for style in order.styles},
        )
        for order in orders
    ]


def _agreed(quote: Quote) -> Agreed:
    styles = {line.version.pk: line.price_micro for line in quote.lines}
    return Agreed(quote.compute_micro, quote.compute_plan_id, styles)


def _prices(order: Order, permit: Permit | None) -> Mapping[int, int]:
    return AS_OFFERED if permit is None else permit.style_prices(order)


def item_of(order: Order, permit: Permit | None = None) -> str:
    """Everything the price depends on; words, seed and weights cost nothing."""
    styles = ",".join(str(style.version.pk) for style in order.styles)
    told = f"{order.base.slug}|{order.width}x{order.height}|{order.steps}|{styles}|{permit.name if permit else ''}"
    return f"image:{hashlib.sha256(told.encode()).hexdigest()[:32]}"

"""What a batch costs: the sum of its images, each priced as if it were ordered alone."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from marketplace.accounts.models import User
from marketplace.generation.checking import Wanted
from marketplace.generation.pricing import Quote, quotes_of
from marketplace.generation.quoting import Agreed, agreed_now, item_of
from marketplace.generation.validation import Order
from marketplace.orders import quotes
from marketplace.payouts.parts import ROLES, SplitLine


@dataclass(frozen=True)
class BatchQuote:
    """Micro-units (1e-6 USD); `split` sums to `total_micro`."""

    size: int
    total_micro: int
    split: tuple[SplitLine, ...]


def signed_quote(buyer: User, wanted: Sequence[Wanted]) -> tuple[BatchQuote, quotes.Token]:
    """The price, and the token by which the buyer gets it for a while."""
    orders, kinds = _kinds(wanted)
    quoted = dict(zip(orders, quotes_of(orders.values(), _licensed_prices(wanted)), strict=True))
    prices = {item: _as_agreed(quote) for item, quote in quoted.items()}
    total_micro = sum(quote.total_micro * kinds[item] for item, quote in quoted.items())
    split = _together((quote.split, kinds[item]) for item, quote in quoted.items())
    promised = {
        item: [price.compute_micro, price.compute_plan_id, list(price.style_micro.items())]
        for item, price in prices.items()
    }
    token = quotes.sign(quotes.Promise(buyer.pk, _item(kinds), {"items": promised}))
    return BatchQuote(len(wanted), total_micro, split), token


def agreed_prices(buyer: User, wanted: Sequence[Wanted], token: str) -> list[Agreed]:
    """Of each image in its order: what was quoted, or without a token what it costs now.

    Raises what quotes.read_for raises.
    """
    orders, kinds = _kinds(wanted)
    if token:
        promised = quotes.read_for(token, buyer_id=buyer.pk, item=_item(kinds))["items"]
        prices = {item: Agreed(compute, plan, dict(styles)) for item, (compute, plan, styles) in promised.items()}
    else:
        prices = dict(zip(orders, agreed_now(list(orders.values()), _licensed_prices(wanted)), strict=True))
    return [prices[_kind(each)] for each in wanted]


def total_of(prices: Iterable[Agreed]) -> int:
    return sum(price.compute_micro + sum(price.style_micro.values()) for price in prices)


def _kinds(wanted: Sequence[Wanted]) -> tuple[dict[str, Order], Counter[str]]:
    """One order of each price, and how often each is wanted."""
    orders = {_kind(each): each.order for each in wanted}
    return orders, Counter(_kind(each) for each in wanted)


def _kind(each: Wanted) -> str:
    return item_of(each.order, each.permit)


def _licensed_prices(wanted: Sequence[Wanted]) -> Mapping[int, int]:
    """By version; a batch names one licence of each, so no two images differ."""
    return {version: price_micro for each in wanted for version, price_micro in each.prices.items()}


def _item(kinds: Counter[str]) -> str:
    told = ",".join(f"{item}*{count}" for item, count in sorted(kinds.items()))
    return f"batch:{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def _as_agreed(quote: Quote) -> Agreed:
    return Agreed(
        quote.compute_micro, quote.compute_plan_id, {line.version.pk: line.price_micro for line in quote.lines}
    )


def _together(splits: Iterable[tuple[Sequence[SplitLine], int]]) -> tuple[SplitLine, ...]:
    sums: Counter[tuple[str, str]] = Counter()
    for split, count in splits:
        for line in split:
            sums[line.payee, line.role] += line.amount_micro * count
    lines = [SplitLine(payee, role, amount) for (payee, role), amount in sums.items()]
    return tuple(sorted(lines, key=lambda line: ROLES.index(line.role)))

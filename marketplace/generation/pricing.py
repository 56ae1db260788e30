"""What an image costs and who is paid: compute by the base's plan, plus each style's own price by its version's plan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from django.db.models import Prefetch, prefetch_related_objects

from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.generation.models import Generation, GenerationAdapter
from marketplace.generation.permits import AS_OFFERED
from marketplace.generation.validation import Order
from marketplace.ledger.lines import Line
from marketplace.ledger.selectors import VERSION_SUBJECT
from marketplace.payouts.parts import SplitLine, payee_lines, split_lines
from marketplace.payouts.plans import Payee, Plan, divide
from marketplace.payouts.selectors import names_in, newest_base_plan, read_plan, shares_with_names, version_plan

COMPUTE_SUBJECT = "compute"


@dataclass(frozen=True)
class QuoteLine:
    """What one style adds to the price."""

    version: StyleVersion
    price_micro: int


@dataclass(frozen=True)
class Quote:
    """A price in micro-units (1e-6 USD) and where it goes: `split` sums to `total_micro`."""

    compute_micro: int
    lines: tuple[QuoteLine, ...]
    total_micro: int
    split: tuple[SplitLine, ...]
    compute_plan_id: int | None


@dataclass(frozen=True)
class Priced:
    """One part of an image's price with the plan that divides it; `subject` is what the ledger calls it."""

    subject: str
    amount_micro: int
    plan: Plan
    names: dict[Payee, str]


def quote_of(order: Order, prices: Mapping[int, int] = AS_OFFERED) -> Quote:
    """`prices` are those of versions that cost something else than their creators ask."""
    return quotes_of([order], prices)[0]


def quotes_of(orders: Iterable[Order], prices: Mapping[int, int] = AS_OFFERED) -> list[Quote]:
    """The plan of each base and of each version is read once, however many orders name it."""

    @cache
    def of_base(base: BaseModel) -> tuple[int | None, Priced]:
        plan = newest_base_plan(base)
        return (None if plan is None else plan.pk), Priced(COMPUTE_SUBJECT, 0, read_plan(plan), names_in(plan))

    @cache
    def of_version(version: StyleVersion) -> tuple[QuoteLine, Priced]:
        price_micro = prices.get(version.pk, version.price_micro)
        return QuoteLine(version, price_micro), _of_style(version, price_micro)

    def quote(order: Order) -> Quote:
        plan_id, free = of_base(order.base)
        compute = replace(free, amount_micro=order.compute_micro)
        styles = [of_version(style.version) for style in order.styles]
        priced = [compute, *(price for _line, price in styles)]
        lines = tuple(line for line, _price in styles)
        return Quote(order.compute_micro, lines, sum(part.amount_micro for part in priced), _split(priced), plan_id)

    return [quote(order) for order in orders]


def styles_used() -> "Prefetch[str]":
    """A generation's styles with what their payment needs, in the order they were chosen."""
    uses = GenerationAdapter.objects.select_related("version__style__creator", "version__pack", "version__plan")
    shares = Prefetch("version__plan__shares", shares_with_names())
    return Prefetch("adapters", queryset=uses.prefetch_related(shares).order_by("pk"))


def split_of(generation: Generation) -> tuple[SplitLine, ...]:
    """As it was agreed when the image was ordered."""
    return _split(_priced(generation))


def payees_of(generation: Generation) -> list[Line]:
    """The same, as ledger lines."""
    return [
        line
        for part in _priced(generation)
        for line in payee_lines(part.amount_micro, part.plan, sold=part.subject, currency=generation.currency)
    ]


def _priced(generation: Generation) -> list[Priced]:
    """By the plans agreed when it was ordered: a version's never changes, and of the base's the order names one."""
    if "adapters" not in getattr(generation, "_prefetched_objects_cache", ()):
        prefetch_related_objects([generation], styles_used())
    compute = Priced(
        COMPUTE_SUBJECT, generation.compute_micro, read_plan(generation.compute_plan), names_in(generation.compute_plan)
    )
    return [compute, *(_of_style(use.version, use.price_micro) for use in generation.adapters.all())]


def _of_style(version: StyleVersion, price_micro: int) -> Priced:
    return Priced(f"{VERSION_SUBJECT}{version.pk}", price_micro, version_plan(version), names_in(version.plan))


def _split(priced: Sequence[Priced]) -> tuple[SplitLine, ...]:
    paid = [paid for part in priced for paid in divide(part.amount_micro, part.plan)]
    names = {payee: name for part in priced for payee, name in part.names.items()}
    return split_lines(paid, names)

"""What an image costs and who is paid: compute, plus each style's own price split by its own share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _

from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation, GenerationAdapter
from marketplace.generation.validation import Order
from marketplace.ledger.lines import Line, Role, pending, platform_revenue
from marketplace.ledger.selectors import VERSION_SUBJECT
from marketplace.ledger.split import WHOLE_BP, allocate


@dataclass(frozen=True)
class QuoteLine:
    """What one style adds to the price."""

    version: StyleVersion
    price_micro: int


@dataclass(frozen=True)
class SplitLine:
    """Who gets what; `role` is "creator", "compute" or "platform"."""

    payee: str
    role: str
    amount_micro: int


@dataclass(frozen=True)
class Quote:
    """A price in micro-units (1e-6 USD) and where it goes: `split` sums to `total_micro`."""

    compute_micro: int
    lines: tuple[QuoteLine, ...]
    total_micro: int
    split: tuple[SplitLine, ...]


@dataclass(frozen=True)
class StyleShare:
    """One style's price in one image, divided; frozen when the image is ordered."""

    version_id: int
    creator_id: int
    creator: str
    creator_micro: int
    platform_micro: int


def style_share(version: StyleVersion, price_micro: int, creator_share_bp: int) -> StyleShare:
    parts = allocate(price_micro, {"creator": creator_share_bp, "platform": WHOLE_BP - creator_share_bp})
    creator = version.style.creator
    return StyleShare(version.pk, creator.pk, creator.display_name, parts["creator"], parts["platform"])


def quote_of(order: Order) -> Quote:
    versions = [style.version for style in order.styles]
    shares = [style_share(version, version.price_micro, version.creator_share_bp) for version in versions]
    lines = tuple(QuoteLine(version, version.price_micro) for version in versions)
    return Quote(
        compute_micro=order.compute_micro,
        lines=lines,
        total_micro=order.compute_micro + sum(line.price_micro for line in lines),
        split=split_lines(order.compute_micro, shares),
    )


def shares_of(generation: Generation) -> list[StyleShare]:
    """By the terms agreed when it was ordered, whatever the version says now."""
    prefetch_related_objects([generation], styles_used())
    uses = generation.adapters.all()
    return [style_share(use.version, use.price_micro, use.creator_share_bp) for use in uses]


def styles_used() -> "Prefetch[str]":
    """A generation's styles with what their payment needs, in the order they were chosen."""
    uses = GenerationAdapter.objects.select_related("version__style__creator", "version__pack").order_by("pk")
    return Prefetch("adapters", queryset=uses)


def split_of(generation: Generation) -> tuple[SplitLine, ...]:
    return split_lines(generation.compute_micro, shares_of(generation))


def split_lines(compute_micro: int, shares: Sequence[StyleShare]) -> tuple[SplitLine, ...]:
    """As people read it: each creator, the computation, the platform's part of the styles; nobody with nothing."""
    lines = [SplitLine(share.creator, "creator", share.creator_micro) for share in shares]
    lines.append(SplitLine(_("Computation"), "compute", compute_micro))
    lines.append(SplitLine(_("Irodori"), "platform", sum(share.platform_micro for share in shares)))
    return tuple(line for line in lines if line.amount_micro)


def payee_lines(compute_micro: int, shares: Iterable[StyleShare], currency: str) -> list[Line]:
    """The same, as ledger lines."""
    lines = [Line(platform_revenue(currency), compute_micro, "compute", Role.COMPUTE)]
    for share in shares:
        subject = f"{VERSION_SUBJECT}{share.version_id}"
        lines.append(Line(pending(share.creator_id, currency), share.creator_micro, subject, Role.CREATOR))
        lines.append(Line(platform_revenue(currency), share.platform_micro, subject, Role.PLATFORM))
    return lines

"""What a partner pays per image of a version."""

from collections.abc import Iterable, Mapping

from marketplace.catalogue.models import StyleVersion
from marketplace.ledger.split import WHOLE_BP
from marketplace.partners.models import Partner, PartnerPrice


def unit_price(partner: Partner, version: StyleVersion) -> int:
    """Micro-units."""
    return unit_prices(partner, [version])[version.pk]


def unit_prices(partner: Partner, versions: Iterable[StyleVersion]) -> Mapping[int, int]:
    """By version, in one query."""
    asked = list(versions)
    agreed = dict(
        PartnerPrice.objects.filter(partner=partner.pk, version__in=asked).values_list("version", "price_micro")
    )
    return {version.pk: _price(version, partner.price_bp, agreed.get(version.pk)) for version in asked}


def _price(version: StyleVersion, price_bp: int, agreed: int | None) -> int:
    """The price agreed for this version, else the partner's part of the creator's own, rounded up.

    Never less than the creator asks of everyone: what staff and partners agree on is what a partner pays more.
    """
    by_part = -(-version.price_micro * price_bp // WHOLE_BP)
    return max(version.price_micro, by_part if agreed is None else agreed)

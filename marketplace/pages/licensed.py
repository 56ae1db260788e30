"""What may be licensed and what was, as cards and lists of permissions show it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.text import capfirst

from marketplace.catalogue.models import StyleVersion
from marketplace.licences.rules import PERMISSIONS, Clause
from marketplace.licences.words import CLAUSES, ICONS
from marketplace.partners.models import Grant, Partner
from marketplace.partners.policies import NAMES
from marketplace.partners.prices import unit_prices
from marketplace.partners.selectors import active_grants


@dataclass(frozen=True)
class Permission:
    name: str
    icon: str
    words: str


@dataclass(frozen=True)
class Card:
    """`grant` is what the partner holds for it already."""

    version: StyleVersion
    price_micro: int
    permissions: Sequence[Permission]
    territory: Sequence[str]
    grant: Grant | None


def permissions(names: Iterable[str]) -> list[Permission]:
    """In the order of all, with the icons of the licence's page."""
    wanted = set(names)
    return [_permission(clause) for clause in PERMISSIONS if clause in wanted]


def cards(partner: Partner, versions: Sequence[StyleVersion]) -> list[Card]:
    """From three queries, however many there are."""
    prefetch_related_objects(versions, "examples")
    prices, held = unit_prices(partner, versions), active_grants(partner, versions, timezone.now())
    return [
        Card(
            version,
            prices[version.pk],
            permissions(name for name in NAMES if getattr(version.offer.licence_class, name)),
            version.offer.licence_class.territory,
            held.get(version.pk),
        )
        for version in versions
    ]


def _permission(clause: Clause) -> Permission:
    return Permission(str(clause), ICONS[clause], capfirst(str(CLAUSES[clause])))

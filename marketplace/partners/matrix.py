"""Keeps the table of what may be licensed, and answers from it: a page takes three queries, however many versions there are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from hub.config import plugin_registry
from hub.plugin_api import ENGINE
from marketplace.catalogue.models import StyleVersion
from marketplace.licences.policy import Policy
from marketplace.licences.selectors import policy_of
from marketplace.partners.models import LicenceClass, LicenceClassPartner, Offer, Partner
from marketplace.partners.policies import NAMES, digest, permitted
from marketplace.partners.territory import Territory, common, within

# SQLite takes no more parts in one statement.
CLASSES_AT_ONCE = 400
VERSIONS_AT_ONCE = 2_000
NEWEST_OF_A_CLASS = """
SELECT * FROM (
    SELECT version_id FROM partners_offer
    WHERE licence_class_id = {class_id} {bounds}
    ORDER BY version_id {order} LIMIT {count}
) AS newest
"""


def index(version: StyleVersion) -> None:
    """Write a version's row anew; of a withdrawn one there is none."""
    Offer.objects.filter(pk=version.pk).delete()
    if version.is_published:
        _add([version])


def keep() -> int:
    """Give every published version that has none its row, and drop those of withdrawn ones. Says how many were given one."""
    Offer.objects.exclude(version__state=StyleVersion.State.PUBLISHED).delete()
    published = StyleVersion.objects.select_related("pack").filter(state=StyleVersion.State.PUBLISHED)
    missing = published.filter(offer=None).order_by("pk")
    given = 0
    while page := list(missing[:VERSIONS_AT_ONCE]):
        given += _add(page)
    return given


def _add(versions: Sequence[StyleVersion]) -> int:
    terms = {version.pk: (policy_of(version), version.pack.base_model_id) for version in versions}
    classes = {pair: _class_of(*pair) for pair in set(terms.values())}
    rows = [Offer(version=version, licence_class=classes[terms[version.pk]]) for version in versions]
    # Given one by another in this very moment.
    return len(Offer.objects.bulk_create(rows, ignore_conflicts=True))


@dataclass(frozen=True)
class Licensable:
    """Versions that a partner may license with these permissions in this territory, as far as a paginator needs a query."""

    partner: Partner
    permissions: tuple[str, ...] = ()
    territory: Territory = ()
    newest_first: bool = True
    below: int | None = None
    above: int | None = None

    def order_by(self, ordering: str) -> "Licensable":
        return replace(self, newest_first=ordering.startswith("-"))

    def filter(self, bound: Q) -> "Licensable":
        pairs: Any = bound.children
        limits = {name: int(value) for name, value in pairs}
        return replace(self, below=limits.get("pk__lt", self.below), above=limits.get("pk__gt", self.above))

    def __getitem__(self, place: slice) -> list[StyleVersion]:
        first, end = place.start or 0, int(place.stop)
        ids = self._ids(end)[first:end]
        found = StyleVersion.objects.select_related("style__creator", "pack__base_model", "offer__licence_class")
        by_id = found.in_bulk(ids)
        return [by_id[id_] for id_ in ids if id_ in by_id]

    def _ids(self, count: int) -> list[int]:
        classes = matching_classes(self.partner, self.permissions, self.territory, timezone.now().date())
        found: list[int] = []
        for start in range(0, len(classes), CLASSES_AT_ONCE):
            found += self._newest(classes[start : start + CLASSES_AT_ONCE], count)
        return sorted(found, reverse=self.newest_first)[:count]

    def _newest(self, classes: Sequence[int], count: int) -> list[int]:
        """Of each class the first `count` by its index, so that no class is read through for want of another's versions.

        Every number stands in the text: of a parameter PostgreSQL would not know how rare a class is, and plan to read through
        all versions, newest first, until it has met enough of this one's.
        """
        bounds = [(sign, bound) for sign, bound in (("<", self.below), (">", self.above)) if bound is not None]
        asked = {
            "bounds": " ".join(f"AND version_id {sign} {int(bound)}" for sign, bound in bounds),
            "order": "DESC" if self.newest_first else "ASC",
            "count": int(count),
        }
        parts = [NEWEST_OF_A_CLASS.format(class_id=int(class_id), **asked) for class_id in classes]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts))
            return [id_ for (id_,) in cursor.fetchall()]


def may_license(partner: Partner, version: StyleVersion) -> bool:
    """Whether it is on the partner's list."""
    classes = matching_classes(partner, (), (), timezone.now().date())
    return Offer.objects.filter(version=version, licence_class__in=classes).exists()


def matching_classes(partner: Partner, permissions: Sequence[str], territory: Sequence[str], today: date) -> list[int]:
    """Of the terms on offer those that are for this partner, of a base that can draw, permit all of this, and hold wherever
    is asked for, or somewhere that the partner may license for."""
    audience = Q(for_all_partners=True) | Q(partners__slug=partner.organisation.slug)
    # Without the first nothing may be licensed at all.
    flags = dict.fromkeys(("commercial_use", *permissions), True)
    drawing = {"base_model__enabled": True, "base_model__engine__in": plugin_registry().ids(ENGINE)}
    classes = LicenceClass.objects.filter(audience, Q(expires=None) | Q(expires__gte=today), **flags, **drawing)
    return [pk for pk, where in classes.values_list("pk", "territory") if _holds(partner, where, territory)]


def _holds(partner: Partner, where: Sequence[str], wanted: Sequence[str]) -> bool:
    shared = common(where, partner.territories)
    return shared is not None and (not wanted or within(wanted, shared))


@transaction.atomic
def _class_of(policy: Policy, base_id: int) -> LicenceClass:
    given = permitted(policy)
    fields = {name: name in given for name in NAMES} | {
        "territory": sorted(policy.territory),
        "for_all_partners": not policy.partners,
        "expires": policy.expires,
        "base_model_id": base_id,
    }
    found, made = LicenceClass.objects.get_or_create(digest=digest(policy, base_id), defaults=fields)
    if made:
        rows = [LicenceClassPartner(licence_class=found, slug=slug) for slug in set(policy.partners)]
        LicenceClassPartner.objects.bulk_create(rows)
    return found

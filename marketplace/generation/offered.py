"""Bases and versions as they are in this moment, with all that pricing, paying and sending an order of them asks for."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Prefetch

from marketplace.accounts.models import Organisation, User
from marketplace.catalogue.models import BaseModel, Pack, Style, StyleVersion
from marketplace.kept import Kept, Rows, marks_of
from marketplace.payouts.models import Plan, Share
from marketplace.payouts.selectors import shares_with_names


@dataclass(frozen=True)
class Offered:
    """Bases by slug, of those that are enabled, and versions by id, whatever their state."""

    bases: Mapping[str, BaseModel]
    versions: Mapping[int, StyleVersion]


def offered(slugs: Collection[str], ids: Collection[int]) -> Offered:
    """Both with one question to the database, where they were asked for before."""
    ids = [id_ for id_ in ids if 0 < id_ < 2**63]  # others no row has, and PostgreSQL knows no such number
    marks = marks_of([*_bases.rows(slugs), *_versions.rows(ids)])
    return Offered(_bases.get(slugs, marks) if slugs else {}, _versions.get(ids, marks) if ids else {})


def _read_bases(slugs: Collection[str]) -> dict[str, BaseModel]:
    plans = Plan.objects.prefetch_related(Prefetch("shares", shares_with_names()))
    bases = BaseModel.objects.filter(slug__in=slugs, enabled=True).prefetch_related(Prefetch("plans", plans))
    return {base.slug: base for base in bases}


def _read_versions(ids: Collection[int]) -> dict[int, StyleVersion]:
    versions = StyleVersion.objects.select_related("style__creator", "pack", "plan")
    return versions.prefetch_related(Prefetch("plan__shares", shares_with_names())).in_bulk(ids)


def _rows_of_base(base: BaseModel) -> Iterator[Rows]:
    yield Rows(BaseModel, "id", base.pk)
    yield Rows(Plan, "base_model_id", base.pk)
    yield from _rows_of_plans(base.plans.all())


def _rows_of_version(version: StyleVersion) -> Iterator[Rows]:
    yield Rows(StyleVersion, "id", version.pk)
    yield Rows(Style, "id", version.style_id)
    yield Rows(User, "id", version.style.creator_id)
    yield Rows(Pack, "id", version.pack_id)
    yield Rows(Plan, "version_id", version.pk)
    yield from _rows_of_plans([version.plan] if hasattr(version, "plan") else [])


def _rows_of_plans(plans: Iterable[Plan]) -> Iterator[Rows]:
    for plan in plans:
        yield Rows(Share, "plan_id", plan.pk)
        for share in plan.shares.all():
            if share.person_id:
                yield Rows(User, "id", share.person_id)
            if share.organisation_id:
                yield Rows(Organisation, "id", share.organisation_id)


_bases = Kept(_read_bases, _rows_of_base)
_versions = Kept(_read_versions, _rows_of_version)

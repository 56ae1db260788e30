"""Plans as they were frozen, and the names of those they pay."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketplace.accounts.models import Organisation, User
from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.ledger.lines import Role
from marketplace.payouts import models
from marketplace.payouts.plans import PLATFORM, Part, Payee, Plan, PlannedShare, compute_plan

ALL_TO_THE_PLATFORM = compute_plan(PLATFORM, 0)


def version_plan(version: StyleVersion) -> Plan:
    return read_plan(version.plan)


def newest_base_plan(base: BaseModel) -> models.Plan | None:
    """None where a base has no licensor: then all of what computing costs is the platform's."""
    return max(base.plans.all(), key=lambda plan: plan.pk, default=None)


def read_plan(plan: models.Plan | None) -> Plan:
    return ALL_TO_THE_PLATFORM if plan is None else tuple(_planned(share) for share in plan.shares.all())


def licensor_of(base: BaseModel) -> tuple[Payee, int]:
    """Who licensed the base to us, and their share in basis points."""
    for share in read_plan(newest_base_plan(base)):
        if share.part.role == Role.LICENSOR:
            return share.part.payee, share.share_bp
    return PLATFORM, 0


def shares_with_names() -> QuerySet[models.Share]:
    """For prefetching: plans whose shares `names_in` can read without a further query."""
    return models.Share.objects.select_related("person", "organisation")


def names_in(plan: models.Plan | None) -> dict[Payee, str]:
    """Of everyone whom the plan pays."""
    shares = () if plan is None else plan.shares.all()
    people = {Payee(share.person.pk): share.person.display_name for share in shares if share.person}
    return people | {
        Payee(organisation_id=share.organisation.pk): share.organisation.name for share in shares if share.organisation
    }


def names_of(parts: Iterable[Part]) -> dict[Payee, str]:
    """Two queries, however many there are."""
    payees = {part.payee for part in parts}
    people = User.objects.filter(pk__in={payee.person_id for payee in payees} - {0})
    organisations = Organisation.objects.filter(pk__in={payee.organisation_id for payee in payees} - {0})
    return {Payee(person.pk): person.display_name for person in people} | {
        Payee(organisation_id=organisation.pk): organisation.name for organisation in organisations
    }


@dataclass(frozen=True)
class Earner:
    """Who gets which part of a version's price, in 1/10,000."""

    payee: str
    role: str
    share_bp: int


def earners(version: StyleVersion) -> list[Earner]:
    """Everyone who earns from a version, as its page tells it."""
    return plan_earners(version.plan)


def plan_earners(saved: models.Plan) -> list[Earner]:
    plan = read_plan(saved)
    names = names_of(share.part for share in plan) | {PLATFORM: _("Irodori")}
    return [Earner(names[share.part.payee], share.part.role, share.share_bp) for share in plan]


def lineage(version: StyleVersion) -> list[StyleVersion]:
    """All ancestors, nearest first, each once however many ways lead to it."""
    found: dict[int, StyleVersion] = {}
    nearest = list(version.parents.select_related("style__creator"))
    while nearest:
        fresh = {parent.pk: parent for parent in nearest if parent.pk not in found and parent.pk != version.pk}
        found |= fresh
        nearest = list(StyleVersion.objects.filter(derivatives__in=list(fresh)).select_related("style__creator"))
    return list(found.values())


def _planned(share: models.Share) -> PlannedShare:
    payee = Payee(share.person_id or 0, share.organisation_id or 0)
    return PlannedShare(Part(share.role, payee, share.source_id or 0), share.share_bp)

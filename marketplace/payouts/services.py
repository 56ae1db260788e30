"""Freezes plans. What is frozen stays: later terms, owners or licensors change later payments alone."""

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.accounts.models import Organisation, User
from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.catalogue.terms import Contributor, ContributorKind
from marketplace.errors import InvalidInput
from marketplace.ledger.lines import Role
from marketplace.ledger.split import WHOLE_BP
from marketplace.payouts import models
from marketplace.payouts.plans import (
    Makers,
    Parent,
    Part,
    Payee,
    Plan,
    PlannedShare,
    TooMuchSharedError,
    compute_plan,
    plan_of,
)
from marketplace.payouts.selectors import licensor_of, version_plan

# Whoever licenses a base leaves room for creators and for the hub's own costs.
MAX_LICENSOR_BP = 3_000


def save_plan(plan: Plan, **of: StyleVersion | BaseModel) -> models.Plan:
    assert sum(share.share_bp for share in plan) == WHOLE_BP  # noqa: S101 - money: rather no plan than a wrong one
    saved = models.Plan.objects.create(**of)
    models.Share.objects.bulk_create(
        models.Share(
            plan=saved,
            position=position,
            role=share.part.role,
            person_id=share.part.payee.person_id or None,
            organisation_id=share.part.payee.organisation_id or None,
            source_id=share.part.source_id or None,
            share_bp=share.share_bp,
        )
        for position, share in enumerate(plan)
    )
    return saved


@transaction.atomic
def freeze_version_plan(version: StyleVersion, contributors: tuple[Contributor, ...] = ()) -> models.Plan:
    """Divide all future payments for this version among its makers, its parents already being set.

    Raises InvalidInput for a contributor whom nobody knows, and where others get more than the creator's share holds.
    """
    licensor, licensor_bp = licensor_of(version.pack.base_model)
    makers = Makers(
        version_id=version.pk,
        creator=_creator(version),
        creator_share_bp=version.creator_share_bp,
        licensor=licensor,
        licensor_bp=licensor_bp,
        contributors=tuple(_contribution(contributor) for contributor in contributors),
        parents=tuple(_parent(parent) for parent in version.parents.order_by("pk")),
    )
    try:
        plan = plan_of(makers)
    except TooMuchSharedError as error:
        raise InvalidInput(
            _("Others are due %(over)s %% more than your share holds. Raise your share, or lower theirs.")
            % {"over": f"{error.over_bp / 100:g}"},
            code="shares_exceed_the_creators",
            field="creator_share_bp",
        ) from error
    return save_plan(plan, version=version)


@transaction.atomic
def set_base_licensor(*, base: BaseModel, licensor: Organisation, share_bp: int) -> models.Plan:
    """From now on the licensor gets this share of computing on the base, and of each version published from now on.

    Raises InvalidInput.
    """
    if not 0 <= share_bp <= MAX_LICENSOR_BP:
        raise InvalidInput(
            _("A licensor's share is between 0 % and 30 %."), code="share_out_of_range", field="share_bp"
        )
    return save_plan(compute_plan(Payee(organisation_id=licensor.pk), share_bp), base_model=base)


def _creator(version: StyleVersion) -> Payee:
    style = version.style
    return Payee(organisation_id=style.organisation_id) if style.organisation_id else Payee(style.creator_id)


def _parent(parent: StyleVersion) -> Parent:
    return Parent(parent.pk, parent.derivatives_share_bp, version_plan(parent))


def _contribution(contributor: Contributor) -> PlannedShare:
    if contributor.kind == ContributorKind.LIBRARY:
        library = models.ContentLibrary.objects.filter(slug=contributor.payee).first()
        if library is None:
            raise _unknown(contributor)
        return PlannedShare(Part(Role.LIBRARY, Payee(organisation_id=library.organisation_id)), contributor.share_bp)
    person = User.objects.filter(email__iexact=contributor.payee).first()
    if person is None:
        raise _unknown(contributor)
    return PlannedShare(Part(Role.DATASET, Payee(person.pk)), contributor.share_bp)


def _unknown(contributor: Contributor) -> InvalidInput:
    return InvalidInput(
        _("Nobody here is called “%(payee)s”. Name a content library, or a person by their e-mail address here.")
        % {"payee": contributor.payee},
        code="unknown_contributor",
        field="contributors",
    )

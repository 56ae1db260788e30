"""What the payments of some ledger lines were for: the image, what was sold in it, and the plans that divided it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, Sum

from marketplace.generation.models import Generation, GenerationAdapter
from marketplace.generation.pricing import COMPUTE_SUBJECT
from marketplace.ledger.models import Entry
from marketplace.ledger.selectors import VERSION_SUBJECT
from marketplace.payouts import models
from marketplace.payouts.parts import subject_of
from marketplace.payouts.plans import Part, Payee, Plan, PlannedShare
from marketplace.payouts.selectors import read_plan


@dataclass(frozen=True)
class Sold:
    """One part of a payment, and how it was divided; `subject` is what the ledger calls it."""

    subject: str
    gross_micro: int
    plan: Plan


@dataclass(frozen=True)
class Picture:
    """A generation with everything that was sold in it."""

    image_sha256: str
    sold: tuple[Sold, ...]


def share_of(sold: Sequence[Sold], *, subject: str, role: str, payee: Payee) -> tuple[int | None, int | None]:
    """The gross amount that a line is a share of, and that share in 1/10,000; None where no plan names such a part.

    A picture of two styles may pay one ancestor from both: then the gross amount is of both together, and the share
    is told only where it is the same.
    """
    found = [
        (part.gross_micro, planned.share_bp)
        for part in sold
        for planned in part.plan
        if (subject_of(planned.part, part.subject), planned.part.role, planned.part.payee) == (subject, role, payee)
    ]
    if not found:
        return None, None
    shares = {share_bp for _, share_bp in found}
    return sum(gross for gross, _ in found), shares.pop() if len(shares) == 1 else None


def pictures(ids: Collection[UUID]) -> dict[UUID, Picture]:
    """Three queries, however many there are."""
    rows = Generation.objects.filter(pk__in=ids).values_list("pk", "image_sha256", "compute_micro", "compute_plan_id")
    generations = list(rows)
    uses = defaultdict(list)
    for generation_id, version_id, price in GenerationAdapter.objects.filter(generation__in=ids).values_list(
        "generation_id", "version_id", "price_micro"
    ):
        uses[generation_id].append((version_id, price))
    plans = _plans({plan for *_, plan in generations if plan}, {use for used in uses.values() for use, _ in used})
    return {
        pk: Picture(
            sha256,
            (
                Sold(COMPUTE_SUBJECT, compute, plans.get(("plan", plan), read_plan(None))),
                *(Sold(f"{VERSION_SUBJECT}{used}", price, plans["version", used]) for used, price in uses[pk]),
            ),
        )
        for pk, sha256, compute, plan in generations
    }


def paid_in_all(transactions: Collection[UUID]) -> dict[UUID, int]:
    """What all payees of a payment got of it together, for payments that are no picture's."""
    if not transactions:
        return {}
    paid = Entry.objects.filter(transaction__in=transactions, amount_micro__gt=0).exclude(role="")
    return dict(paid.values_list("transaction").annotate(Sum("amount_micro")))


def _plans(plan_ids: Collection[int], version_ids: Collection[int]) -> dict[tuple[str, int | None], Plan]:
    """By their own number and by their version's. Read as rows: objects that know each other would await a collector."""
    shares = models.Share.objects.filter(Q(plan__in=plan_ids) | Q(plan__version__in=version_ids))
    rows = shares.order_by("plan", "position").values_list(
        "plan_id", "plan__version_id", "role", "person_id", "organisation_id", "source_id", "share_bp"
    )
    plans = defaultdict[tuple[str, int | None], list[PlannedShare]](list)
    for plan, version, role, person, organisation, source, share_bp in rows:
        planned = PlannedShare(Part(role, Payee(person or 0, organisation or 0), source or 0), share_bp)
        plans["plan", plan].append(planned)
        plans["version", version].append(planned)
    return {key: tuple(shares) for key, shares in plans.items()}

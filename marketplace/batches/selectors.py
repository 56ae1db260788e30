"""Reading batches: a buyer's own, how far they are, and what each image became."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.batches.models import Batch, BatchItem
from marketplace.errors import NotFound
from marketplace.generation.estimates import step_seconds
from marketplace.generation.lifecycle import OPEN
from marketplace.generation.models import Generation

State = Generation.State


@dataclass(frozen=True)
class Standing:
    """How far a batch is: images by state, what was paid for those delivered, and about how long the rest takes."""

    id: UUID
    counts: Mapping[str, int]
    paid_micro: int
    steps_left: int = field(default=0, compare=False)
    eta_seconds: float | None = field(default=None, compare=False)

    @property
    def size(self) -> int:
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """How many have ended, in whichever way."""
        return sum(count for state, count in self.counts.items() if state not in OPEN)

    @property
    def ended(self) -> bool:
        return self.done == self.size


def batches_of(buyer: User) -> QuerySet[Batch]:
    """Newest first."""
    return Batch.objects.filter(buyer=buyer).order_by("-created_at")


def get_for_buyer(buyer: User, id: UUID) -> Batch:  # noqa: A002 - the name of the field
    """Raises NotFound, also for another person's."""
    batch = Batch.objects.filter(buyer=buyer, pk=id).first()
    if batch is None:
        raise NotFound(_("There is no such batch among yours."), code="batch_not_found")
    return batch


def items_of(batch: Batch) -> QuerySet[BatchItem]:
    """In the order they were asked for, with their images at hand."""
    return batch.items.select_related("generation").order_by("number")


def standing(batch: Batch) -> Standing:
    """Before its first step, the estimate is by what others took."""
    now = standings([batch.pk])[batch.pk]
    if now.ended or now.eta_seconds is not None:
        return now
    return replace(now, eta_seconds=_by_others(batch, now.steps_left))


def standings(ids: Collection[UUID]) -> dict[UUID, Standing]:
    """One query, however many batches."""
    sums = {"images": Count("pk"), "steps": Sum("generation__steps"), "step": Sum("generation__step")}
    rows = (
        BatchItem.objects.filter(batch__in=ids)
        .values("batch", "generation__state")
        .annotate(**sums, price=Sum("generation__price_micro"), began=Min("generation__started_at"))
        .order_by()
    )
    by_batch: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        by_batch.setdefault(row["batch"], {})[row["generation__state"]] = row
    return {pk: _standing(pk, by_state, timezone.now()) for pk, by_state in by_batch.items()}


def _standing(id_: UUID, rows: Mapping[str, Any], now: datetime) -> Standing:
    counts = {str(state): rows[state]["images"] if state in rows else 0 for state in State}
    steps_left = sum(rows[state]["steps"] - rows[state]["step"] for state in OPEN if state in rows)
    paid = rows[State.SUCCEEDED]["price"] if State.SUCCEEDED in rows else 0
    began = min((row["began"] for row in rows.values() if row["began"]), default=None)
    eta = _seconds_left(began, sum(row["step"] for row in rows.values()), steps_left, now)
    return Standing(id_, counts, paid, steps_left, eta)


def _seconds_left(began: datetime | None, steps_done: int, steps_left: int, now: datetime) -> float | None:
    """At the pace that the batch had so far, which knows how many are drawn at a time."""
    if began is None or not steps_done or not steps_left:
        return None
    return round((now - began).total_seconds() / steps_done * steps_left, 1)


def _by_others(batch: Batch, steps_left: int) -> float | None:
    kind = batch.items.values_list("generation__base_model__engine", "generation__width", "generation__height").first()
    pace = None if kind is None else step_seconds(*kind)
    return None if pace is None else round(pace * steps_left, 1)

"""What the hub announces about a batch, to its buyer."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from marketplace.batches.models import Batch
from marketplace.batches.selectors import standing
from marketplace.events import EventData, Kind, announce
from marketplace.generation.models import Generation

State = Generation.State


class BatchFinished(EventData):
    id: UUID
    """The batch, as `GET /api/v1/batches/{id}` names it."""
    name: str
    """What its buyer called it; may be empty."""
    size: int
    """How many images were ordered."""
    succeeded: int
    """How many were made."""
    failed: int
    """How many could not be made."""
    cancelled: int
    """How many were cancelled before they were finished."""
    paid_micro: int
    """What was paid for those that were made, in 1e-6 of the currency."""
    currency: str
    """Such as `USD`."""


FINISHED = Kind(
    "batch.finished",
    _("Every image of a batch that you ordered has ended, one way or another."),
    BatchFinished,
    BatchFinished(
        id=UUID("2f6a8d8e-0a43-4f0e-9d15-7d0a4e2f9b61"),
        name="Postcards",
        size=40,
        succeeded=39,
        failed=1,
        cancelled=0,
        paid_micro=390_000,
        currency="USD",
    ),
)
KINDS = (FINISHED,)


def announce_finished(batch: Batch) -> None:
    end = standing(batch)
    data = BatchFinished(
        id=batch.pk,
        name=batch.name,
        size=batch.size,
        succeeded=end.counts[State.SUCCEEDED],
        failed=end.counts[State.FAILED],
        cancelled=end.counts[State.CANCELLED],
        paid_micro=end.paid_micro,
        currency=batch.currency,
    )
    announce(FINISHED.event(batch.buyer_id, data))

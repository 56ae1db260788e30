"""Many images at once: saved with few statements, and ended with few more; checking.py looks at them before.

Each has a hold of its own, so that each is paid or returned exactly as if it had been ordered alone.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog
from django.utils import timezone

from hub.jobs import SITE_QUEUE
from marketplace.accounts.models import User
from marketplace.generation import dispatch, drafts, settlement
from marketplace.generation.announcements import announce_cancelled
from marketplace.generation.checking import Wanted
from marketplace.generation.lifecycle import OPEN
from marketplace.generation.models import Generation, GenerationAdapter
from marketplace.generation.permits import Permits
from marketplace.generation.quoting import Agreed
from marketplace.outbox import after_commit, send_after_commit

log = structlog.get_logger(__name__)
AT_ONCE = 500
PACE_TASK = "generation.pace"


def queue_together(
    buyer: User, wanted: Sequence[Wanted], prices: Sequence[Agreed], permits: Permits | None = None
) -> list[Generation]:
    """Hold the price of each and save them, in the caller's transaction; they are sent in turn with others' (pacing.py).

    Raises NotEnoughCredit where the wallet holds less than all of them cost, and a Refusal where they would pass a limit
    of their licences.
    """
    generations, styles = [], []
    for each, price in zip(wanted, prices, strict=True):
        row = Generation(compute_micro=price.compute_micro, compute_plan_id=price.compute_plan_id, paced=True)
        generations.append(drafts.complete(row, buyer, each.request, each.order, price.style_micro))
        styles += drafts.uses(row, each.order, price.style_micro)
    Generation.objects.bulk_create(generations, batch_size=AT_ONCE)
    GenerationAdapter.objects.bulk_create(styles, batch_size=AT_ONCE)
    if permits is not None:
        permits.use_together([(row, each.order) for row, each in zip(generations, wanted, strict=True)])
    settlement.hold_all(generations)
    log.info("generation.requested_together", count=len(generations))
    send_after_commit(PACE_TASK, queue=SITE_QUEUE)
    return generations


def cancel_together(ids: Sequence[UUID]) -> int:
    """Stop those that are not finished, return their holds, and say how many they were. In the caller's transaction."""
    # Locked in one order, so that two who cancel at once wait for each other and not for ever.
    rows = Generation.objects.select_for_update(no_key=True).filter(pk__in=ids, state__in=OPEN).order_by("pk")
    stopped = list(rows)
    Generation.objects.filter(pk__in=[row.pk for row in stopped]).update(
        state=Generation.State.CANCELLED, finished_at=timezone.now(), lease_until=None
    )
    settlement.release_all(stopped)
    for row in stopped:
        announce_cancelled(row)
    after_commit(lambda: _tell_workers(stopped))
    return len(stopped)


def _tell_workers(stopped: Sequence[Generation]) -> None:
    """Those that wait in the hub alone no worker knows."""
    for row in stopped:
        if row.sent_at is not None:
            dispatch.send_cancel(row.pk, row.attempt, row.worker)

"""Quoting, ordering and cancelling batches, and saying when one has finished."""

from collections.abc import Sequence

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.batches.announcements import announce_finished
from marketplace.batches.errors import BatchSizeRefused, ItemsRefused
from marketplace.batches.models import Batch, BatchItem
from marketplace.batches.pricing import BatchQuote, agreed_prices, signed_quote, total_of
from marketplace.generation.bulk import cancel_together, queue_together
from marketplace.generation.checking import Wanted, checked_together
from marketplace.generation.lifecycle import OPEN
from marketplace.generation.permits import Permits
from marketplace.generation.requests import GenerationRequest
from marketplace.orders.quotes import Token

log = structlog.get_logger(__name__)
MOST_ITEMS = 1_000
AT_ONCE = 500


def quote_batch(
    *, buyer: User, requests: Sequence[GenerationRequest], permits: Permits | None = None
) -> tuple[BatchQuote, Token]:
    """What they would cost together. Prompts cost nothing and may still be empty. Raises InvalidInput, ItemsRefused."""
    return signed_quote(buyer, _checked(buyer, requests, permits, texts=False))


@transaction.atomic
def request_batch(
    *,
    buyer: User,
    requests: Sequence[GenerationRequest],
    name: str = "",
    quote: str = "",
    permits: Permits | None = None,
) -> Batch:
    """Hold the price of each image and queue all of them; under licences where some are named.

    Raises InvalidInput, ItemsRefused, NotAllowed, NotEnoughCredit or Conflict (the quote, a limit of the licences); then
    nothing is held and no row is left.
    """
    wanted = _checked(buyer, requests, permits, texts=True)
    prices = agreed_prices(buyer, wanted, quote)
    batch = Batch.objects.create(buyer=buyer, name=name.strip(), size=len(wanted), price_micro=total_of(prices))
    generations = queue_together(buyer, wanted, prices, permits)
    items = [BatchItem(batch=batch, number=number, generation=row) for number, row in enumerate(generations)]
    BatchItem.objects.bulk_create(items, batch_size=AT_ONCE)
    log.info("batch.requested", batch=str(batch.pk), size=batch.size, price_micro=batch.price_micro)
    return batch


@transaction.atomic
def cancel_rest(*, batch: Batch) -> int:
    """Stop what is not finished and return its price; says how many images that were."""
    stopped = cancel_together(list(batch.items.values_list("generation_id", flat=True)))
    log.info("batch.cancelled", batch=str(batch.pk), stopped=stopped)
    return stopped


def finish_batches() -> None:
    """Say so once of each batch whose last image has ended. Runs every second, so that a crash only delays it."""
    open_items = BatchItem.objects.filter(batch=OuterRef("pk"), generation__state__in=OPEN)
    for batch in Batch.objects.filter(~Exists(open_items), finished_at=None):
        with transaction.atomic():
            if Batch.objects.filter(pk=batch.pk, finished_at=None).update(finished_at=timezone.now()):
                announce_finished(batch)
                log.info("batch.finished", batch=str(batch.pk))


def _checked(
    buyer: User, requests: Sequence[GenerationRequest], permits: Permits | None, *, texts: bool
) -> list[Wanted]:
    if not 1 <= len(requests) <= MOST_ITEMS:
        message = _("A batch has 1 to %(most)s images. Split a longer one.") % {"most": MOST_ITEMS}
        raise BatchSizeRefused(message, field="items")
    wanted, refused = checked_together(buyer, requests, texts=texts, permits=permits)
    if refused:
        raise ItemsRefused(refused)
    return wanted

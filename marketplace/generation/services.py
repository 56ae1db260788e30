"""Ordering, quoting and cancelling images. What workers report about them is in lifecycle.py."""

from collections.abc import Sequence
from functools import partial

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from structlog.contextvars import bound_contextvars

from hub.jobs import MOST_CHARACTERS_DRAWN
from marketplace.accounts.models import User
from marketplace.accounts.organisations import partner_of
from marketplace.catalogue.models import Example
from marketplace.errors import Conflict
from marketplace.generation import dispatch, drafts, settlement
from marketplace.generation.access import refuse_what_is_not_released
from marketplace.generation.announcements import announce_cancelled
from marketplace.generation.lifecycle import OPEN, failed, handed_back, heartbeat, started, succeeded
from marketplace.generation.models import Generation
from marketplace.generation.permits import Permit
from marketplace.generation.pictures import refuse_unknown_pictures
from marketplace.generation.pricing import Quote
from marketplace.generation.prompt_checks import refuse_prompt
from marketplace.generation.quoting import agreed, signed
from marketplace.generation.reaper import reap, worker_started
from marketplace.generation.requests import AdapterChoice, GenerationRequest
from marketplace.generation.selectors import picture_of
from marketplace.generation.validation import MAX_PROMPT, Order, check_texts, checked_order
from marketplace.orders.quotes import Token
from marketplace.outbox import after_commit

__all__ = [
    "cancel",
    "failed",
    "handed_back",
    "heartbeat",
    "quote",
    "reap",
    "request_example",
    "request_generation",
    "started",
    "succeeded",
    "worker_started",
]

log = structlog.get_logger(__name__)

# One for all, so that only style and prompt tell them apart.
EXAMPLE_SEED = 7


def quote(*, buyer: User, request: GenerationRequest, permit: Permit | None = None) -> tuple[Quote, Token]:
    """What it would cost and who would be paid, and the token that gets it at this price. The prompt costs nothing and
    may still be empty."""
    order = checked_order(request, partner=partner_of(buyer), territory=_territory(permit))
    if permit is None:  # partners come first: a licence lets in before others
        refuse_what_is_not_released(buyer, order)
    return signed(buyer, order, permit)


def request_generation(
    *, buyer: User, request: GenerationRequest, quote: str = "", permit: Permit | None = None
) -> Generation:
    """Hold the price, the quoted one where a quote is given, and queue the image; under a licence where one is named.

    Raises InvalidInput, NotAllowed, NotEnoughCredit, Conflict (the quote, a limit of the licence) or Unavailable; then
    nothing is held and no row is left.
    """
    order = _checked(request, partner=partner_of(buyer), territory=_territory(permit))
    if permit is None:  # partners come first: a licence lets in before others
        refuse_what_is_not_released(buyer, order)
    refuse_unknown_pictures(owner=buyer, request=request)
    price = agreed(buyer, order, quote, permit)
    generation = Generation(
        purpose=Generation.Purpose.ORDER,
        compute_micro=price.compute_micro,
        compute_plan_id=price.compute_plan_id,
    )
    return _queue(generation, buyer, request, order, price.style_micro, permit)


def request_example(*, example: Example) -> Generation:
    """A picture that shows a version or a base, at the hub's cost. Asking again gives the one there is."""
    if existing := picture_of(example):
        return existing
    version = example.version
    base = example.base_model if version is None else version.pack.base_model
    assert base is not None  # noqa: S101 - narrows the type; the database lets no example name neither
    request = GenerationRequest(
        base_model=base.slug,
        prompt=example.prompt,
        adapters=() if version is None else (AdapterChoice(version.pk, 1.0),),
        seed=EXAMPLE_SEED,
    )
    generation = Generation(purpose=Generation.Purpose.SAMPLE, compute_micro=0, example=example)
    creator, prices = (None, {}) if version is None else (version.style.creator, {version.pk: 0})
    try:
        with transaction.atomic():
            return _queue(generation, creator, request, _checked(request), prices)
    except IntegrityError:
        if existing := picture_of(example):  # asked for by another in this very moment
            return existing
        raise


def cancel(*, generation: Generation) -> None:
    """Stop an image that is not finished and return its hold. Raises Conflict when it is finished."""
    with bound_contextvars(generation=str(generation.pk)), transaction.atomic():
        stopped = Generation.objects.filter(pk=generation.pk, state__in=OPEN).update(
            state=Generation.State.CANCELLED, finished_at=timezone.now(), lease_until=None
        )
        generation.refresh_from_db()
        if not stopped:
            _refuse_unless_cancelled(generation)
            return
        settlement.release(generation)
        announce_cancelled(generation)
        log.info("generation.cancelled", attempt=generation.attempt)
        after_commit(partial(dispatch.send_cancel, generation.pk, generation.attempt, generation.worker))


def _refuse_unless_cancelled(generation: Generation) -> None:
    if generation.state != Generation.State.CANCELLED:
        raise Conflict(_("This image is already finished."), code="already_finished")


def _territory(permit: Permit | None) -> Sequence[str]:
    return () if permit is None else permit.territory


def _checked(request: GenerationRequest, *, partner: str | None = None, territory: Sequence[str] = ()) -> Order:
    most = MOST_CHARACTERS_DRAWN if request.composed else MAX_PROMPT
    check_texts(request.prompt, request.negative_prompt, most=most)
    order = checked_order(request, partner=partner, territory=territory)
    refuse_prompt(request.prompt, "prompt")
    if request.negative_prompt.strip():
        refuse_prompt(request.negative_prompt, "negative_prompt")
    return order


def _queue(
    generation: Generation,
    buyer: User | None,
    request: GenerationRequest,
    order: Order,
    prices: dict[int, int],
    permit: Permit | None = None,
) -> Generation:
    """Complete the row, hold its price and save both, then send the job.

    It is saved as sent: to note that afterwards takes every order a statement, to take it back only those that can't be
    sent. Where the site ends between the two, the reaper sends it after its first wait.
    """
    drafts.complete(generation, buyer, request, order, prices)
    generation.sent_at, generation.times_sent = timezone.now(), 1
    with bound_contextvars(generation=str(generation.pk)), transaction.atomic():
        drafts.save(generation, order, prices)
        if permit is not None:
            permit.use(generation)
        settlement.hold(generation)
        log.info("generation.requested", purpose=generation.purpose, price_micro=generation.price_micro)
        # Or the worker may look before the row exists.
        after_commit(partial(dispatch.send_new, generation))
    return generation

"""What an answer means for its delivery and for the endpoint."""

import random
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from marketplace.webhooks.claims import Claim
from marketplace.webhooks.models import Attempt, Delivery, Endpoint
from marketplace.webhooks.schedule import wait_after
from marketplace.webhooks.sending import Answer

log = structlog.get_logger(__name__)

FAILING_FOR = timedelta(days=5)
# One failure after a quiet week is no reason yet.
TRIES_BEFORE_OFF = 4
State, Problem, Disabled = Delivery.State, Attempt.Problem, Endpoint.Disabled


@transaction.atomic
def record(claim: Claim, answer: Answer, *, now: datetime) -> None:
    """Note the attempt, and act on it unless a later one was made meanwhile."""
    _note(claim, answer)
    # The endpoint first, as everywhere: whoever switches it off changes its deliveries too.
    endpoint = Endpoint.objects.select_for_update(no_key=True).filter(pk=claim.delivery.endpoint_id).first()
    current = Delivery.objects.filter(pk=claim.delivery.pk, attempt=claim.number, state=State.WAITING)
    delivery = current.select_for_update(of=("self",)).select_related("message").first()
    if endpoint is None or delivery is None:
        log.info("webhook.late_answer", delivery=str(claim.delivery.pk), number=claim.number)
        return
    if answer.problem == Problem.NONE:
        current.update(state=State.DELIVERED, claimed_until=None)
        Endpoint.objects.filter(pk=endpoint.pk).exclude(failing_since=None).update(failing_since=None)
    else:
        _failed(endpoint, delivery, answer, now)


def switch_off(endpoint: Endpoint, why: Endpoint.Disabled) -> None:
    """No attempt is begun any more; what waited has failed, and can be replayed."""
    endpoint.disabled, endpoint.owner_knows = why, why == Disabled.OWNER
    endpoint.save(update_fields=["disabled", "owner_knows"])
    waiting = Delivery.objects.filter(endpoint=endpoint, state=State.WAITING, claimed_until=None)
    waiting.update(state=State.FAILED)
    log.info("webhook.endpoint_off", endpoint=str(endpoint.pk), why=why.value)


def _note(claim: Claim, answer: Answer) -> None:
    Attempt.objects.filter(delivery=claim.delivery, number=claim.number).update(
        seconds=answer.seconds,
        address=answer.address[:45],  # a link-local one may name its interface too
        problem=answer.problem,
        status=answer.status,
        response_headers=dict(answer.headers),
        response_body=answer.body,
    )


def _failed(endpoint: Endpoint, delivery: Delivery, answer: Answer, now: datetime) -> None:
    wait = _wait(endpoint, delivery, answer)
    delivery.state = State.FAILED if wait is None else State.WAITING
    delivery.due_at, delivery.claimed_until = now + (wait or timedelta()), None
    delivery.save(update_fields=["state", "due_at", "claimed_until"])
    if endpoint.is_on and answer.problem == Problem.GONE:
        switch_off(endpoint, Disabled.GONE)
    elif endpoint.is_on and not delivery.message.is_test:
        _count(endpoint, delivery, now)


def _count(endpoint: Endpoint, delivery: Delivery, now: datetime) -> None:
    """Switch the endpoint off where nothing has arrived for days."""
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.save(update_fields=["failing_since"])
    if now - endpoint.failing_since >= FAILING_FOR and delivery.tries >= TRIES_BEFORE_OFF:
        switch_off(endpoint, Disabled.FAILING)


def _wait(endpoint: Endpoint, delivery: Delivery, answer: Answer) -> timedelta | None:
    """None where it is not tried again: whoever tests sees the answer at once."""
    if delivery.message.is_test or answer.problem == Problem.GONE or not endpoint.is_on:
        return None
    chance = random.random()  # noqa: S311 - spreads attempts, keeps no secret
    return wait_after(delivery.tries, chance=chance, retry_after=answer.headers.get("retry-after", ""))

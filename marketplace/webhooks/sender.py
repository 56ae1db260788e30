"""Sends what is due, one request after the other. A few of these run in each worker, so that slow endpoints never hold it all."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import cache
from threading import BoundedSemaphore

import structlog
from django.utils import timezone

from hub.settings.site import site_config
from marketplace.errors import InvalidInput
from marketplace.webhooks.claims import Claim, claim_next
from marketplace.webhooks.destinations import read_destination
from marketplace.webhooks.messages import ask_to_send
from marketplace.webhooks.models import Attempt
from marketplace.webhooks.outcomes import record
from marketplace.webhooks.sending import INTERNET, Answer, Network, post

log = structlog.get_logger(__name__)

# A worker that is told to stop waits for its tasks.
SHIFT_S = 30.0


def send_due(*, network: Network = INTERNET, clock: Callable[[], datetime] = timezone.now) -> int:
    """Send until nothing is due or the shift is over, and say how many were sent. At once 0 where enough others do it here."""
    if not _places().acquire(blocking=False):
        return 0
    try:
        return _shift(network, clock)
    finally:
        _places().release()


def _shift(network: Network, clock: Callable[[], datetime]) -> int:
    end, sent = time.monotonic() + SHIFT_S, 0
    while (claim := claim_next(now=clock())) is not None:
        answer = _sent(claim, network)
        record(claim, answer, now=clock())
        log.info(
            "webhook.sent",
            delivery=str(claim.delivery.pk),
            number=claim.number,
            status=answer.status,
            problem=answer.problem.value,
        )
        sent += 1
        if time.monotonic() >= end:
            ask_to_send()
            break
    return sent


def _sent(claim: Claim, network: Network) -> Answer:
    if not claim.headers["webhook-signature"]:
        return Answer(Attempt.Problem.SECRET, 0.0)
    try:
        destination = read_destination(claim.url, local_hosts=site_config().webhook_local_hosts)
    except InvalidInput:  # the rules have changed since
        return Answer(Attempt.Problem.URL, 0.0)
    return post(destination, claim.headers, claim.body, network=network)


@cache
def _places() -> BoundedSemaphore:
    return BoundedSemaphore(site_config().webhook_senders)

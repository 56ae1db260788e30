"""Sends what is due: many requests at a time in each worker, from one of its threads, so that slow receivers never hold the rest.

Threads of the pool only send. Rows are claimed and answers noted by the thread that called, on its one connection.
"""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from threading import Lock

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

# A worker that is told to stop waits for its tasks: for so long new requests are begun.
SHIFT_S = 20.0
# How often something new is looked for while requests are under way.
LOOK_S = 0.25
Clock = Callable[[], datetime]
_on_duty = Lock()


def send_due(*, network: Network = INTERNET, clock: Clock = timezone.now) -> int:
    """Send until nothing is due or the shift is over; says how many were sent. At once 0 where this process does it already."""
    if not _on_duty.acquire(blocking=False):
        return 0
    try:
        return _shift(network, clock)
    finally:
        _on_duty.release()


def _shift(network: Network, clock: Clock) -> int:
    end, most, sent = time.monotonic() + SHIFT_S, site_config().webhook_senders, 0
    under_way: dict[Future[Answer], Claim] = {}
    with ThreadPoolExecutor(most, thread_name_prefix="webhooks") as pool:
        while True:
            while len(under_way) < most and time.monotonic() < end and (claim := claim_next(now=clock())):
                under_way[pool.submit(_sent, claim, network)] = claim
            if not under_way:
                break
            for done in wait(under_way, LOOK_S, FIRST_COMPLETED).done:
                _note(under_way.pop(done), done, clock())
                sent += 1
    if time.monotonic() >= end:
        ask_to_send()
    return sent


def _sent(claim: Claim, network: Network) -> Answer:
    if not claim.headers["webhook-signature"]:
        return Answer(Attempt.Problem.SECRET, 0.0)
    try:
        destination = read_destination(claim.url, local_hosts=site_config().webhook_local_hosts)
    except InvalidInput:  # the rules have changed since
        return Answer(Attempt.Problem.URL, 0.0)
    return post(destination, claim.headers, claim.body, network=network)


def _note(claim: Claim, done: Future[Answer], now: datetime) -> None:
    """What a mistake of ours left open is tried again when its lease is over, and holds nobody else up."""
    named = {"delivery": str(claim.delivery.pk), "number": claim.number}
    if (error := done.exception()) is not None:
        log.error("webhook.sender_failed", **named, exc_info=error)
        return
    answer = done.result()
    record(claim, answer, now=now)
    log.info("webhook.sent", **named, status=answer.status, problem=answer.problem.value)

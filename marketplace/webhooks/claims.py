"""Takes the next delivery that is due, for one sender alone.

A claim is a lease: whoever holds it sends within the request's own deadline, which is shorter. A sender that is killed leaves
its attempt behind, and the delivery is due again when the lease is over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from marketplace.webhooks.models import Attempt, Delivery, Endpoint
from marketplace.webhooks.schedule import WAITS
from marketplace.webhooks.signing import signed_headers

LEASE = timedelta(seconds=60)
# One account's slow receivers hold about so many senders at most.
AT_ONCE_PER_ACCOUNT = 4
MOST_TRIES = len(WAITS) + 1
USER_AGENT = "Irodori-Webhooks/1"


@dataclass(frozen=True)
class Claim:
    """One attempt, to be made now: everything that a sender needs, so that it reads no row while it sends."""

    delivery: Delivery
    number: int
    url: str
    headers: dict[str, str]
    body: str


def claim_next(*, now: datetime) -> Claim | None:
    """The delivery that has been due for longest, or None."""
    # Read first: in SQLite a transaction that may write keeps all other writers waiting.
    while due(now).exists():
        claimed = _claim(now)
        if claimed is None or isinstance(claimed, Claim):
            return claimed
    return None


@transaction.atomic
def _claim(now: datetime) -> Claim | Delivery | None:
    """The delivery alone where it may not be tried again: every one of its senders was killed."""
    # Where rows can't be locked, as in SQLite, only one transaction writes at a time.
    locked = due(now).select_for_update(of=("self",), skip_locked=True)
    delivery = locked.select_related("endpoint", "message").order_by("due_at").first()
    if delivery is None:
        return None
    if delivery.tries >= MOST_TRIES:
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.FAILED, claimed_until=None)
        return delivery
    delivery.attempt, delivery.tries = delivery.attempt + 1, delivery.tries + 1
    delivery.claimed_until = now + LEASE
    delivery.save(update_fields=["attempt", "tries", "claimed_until"])
    claim = _claim_of(delivery, now)
    Attempt.objects.create(
        delivery=delivery, number=claim.number, started_at=now, url=claim.url, request_headers=claim.headers
    )
    return claim


def due(now: datetime) -> QuerySet[Delivery]:
    """What waits for a sender and may have one."""
    under_way = Delivery.objects.filter(state=Delivery.State.WAITING, claimed_until__gt=now).order_by()
    senders = under_way.values("endpoint__account").annotate(senders=Count("pk"))
    busy = senders.filter(senders__gte=AT_ONCE_PER_ACCOUNT).values("endpoint__account")
    return Delivery.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lte=now),
        state=Delivery.State.WAITING,
        due_at__lte=now,
        endpoint__disabled=Endpoint.Disabled.NOT,
    ).exclude(endpoint__account__in=busy)


def _claim_of(delivery: Delivery, now: datetime) -> Claim:
    endpoint, message = delivery.endpoint, delivery.message
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        **signed_headers(message.pk, message.body, signers=endpoint.secrets(now), now=now),
    }
    return Claim(delivery, delivery.attempt, endpoint.url, headers, message.body)

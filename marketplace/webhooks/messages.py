"""Turns an event into a message and one delivery for each endpoint that wants it, in the transaction of the event."""

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from hub.jobs import WEBHOOK_QUEUE
from marketplace.events import Event
from marketplace.outbox import send_after_commit
from marketplace.webhooks.kinds import kind_of
from marketplace.webhooks.models import Delivery, Endpoint, Message

log = structlog.get_logger(__name__)

SEND_TASK = "webhooks.send_due"
MAX_BODY_BYTES = 64 * 1024
Disabled, State = Endpoint.Disabled, Delivery.State


def receive(*, event: Event, **_: object) -> None:
    """Listens to `marketplace.events.announced`. Raises UnknownKindError."""
    kind_of(event.kind)
    # What the hub itself switched off may be mended: its owner can replay what came meanwhile.
    kept = Q(disabled=Disabled.NOT) | Q(disabled=Disabled.FAILING)
    endpoints = Endpoint.objects.filter(kept, account_id=event.account_id)
    if wanting := [endpoint for endpoint in endpoints if endpoint.wants(event.kind)]:
        record(event, wanting, now=timezone.now())


@transaction.atomic
def record(event: Event, endpoints: Iterable[Endpoint], *, now: datetime, is_test: bool = False) -> list[Delivery]:
    """Write the message and its deliveries, and have those sent that can be."""
    message = Message.objects.create(
        id=f"msg_{uuid.uuid4().hex}",
        account_id=event.account_id,
        kind=event.kind,
        body=body_of(event, now=now, is_test=is_test),
        is_test=is_test,
        created_at=now,
    )
    deliveries = [
        Delivery(
            message=message,
            endpoint=endpoint,
            state=State.WAITING if endpoint.is_on else State.FAILED,
            due_at=now,
            created_at=now,
        )
        for endpoint in endpoints
    ]
    Delivery.objects.bulk_create(deliveries)
    ask_to_send()
    return deliveries


def ask_to_send() -> None:
    """Only a hint: the clock looks for what is due every few seconds too."""
    send_after_commit(SEND_TASK, queue=WEBHOOK_QUEUE)


def body_of(event: Event, *, now: datetime, is_test: bool = False) -> str:
    """The JSON that is signed and sent. An event that is too large comes without its data, and says so."""
    time = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head: dict[str, Any] = {"type": event.kind, "timestamp": time} | ({"test": True} if is_test else {})
    body = _json(head | {"data": event.data})
    if len(body.encode()) <= MAX_BODY_BYTES:
        return body
    log.error("webhook.event_too_large", kind=event.kind, bytes=len(body.encode()))
    return _json(head | {"data": {}, "data_left_out": True})


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

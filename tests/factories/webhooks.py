"""Endpoints for tests, the hub's clock in hand, and what they were sent."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.events import Event
from marketplace.webhooks import sender
from marketplace.webhooks.announcements import TEST
from marketplace.webhooks.messages import record
from marketplace.webhooks.models import Delivery, Endpoint
from marketplace.webhooks.signing import new_secret
from tests.factories.accounts import make_user

URL = "https://hooks.example.org/irodori"


def make_endpoint(*, account: User | None = None, **changes: Any) -> Endpoint:
    """One that is on and wants every kind."""
    fields: dict[str, Any] = {"url": URL, "secret": new_secret()}
    return Endpoint.objects.create(account=account or make_user(), **fields | changes)


def make_delivery(endpoint: Endpoint | None = None, **changes: Any) -> Delivery:
    """One that is due now, unless told otherwise."""
    endpoint = endpoint or make_endpoint()
    event = Event(TEST.name, endpoint.account_id, {"endpoint": str(endpoint.pk), "message": "Your endpoint works."})
    now = changes.pop("now", timezone.now())
    (delivery,) = record(event, [endpoint], now=now, is_test=changes.pop("is_test", False))
    for name, value in changes.items():
        setattr(delivery, name, value)
    delivery.save()
    return delivery


class Clock:
    """The hub's time, which a test moves on. It begins now, because signatures are checked against the real time."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def __call__(self) -> datetime:
        return self.now

    def on(self, **time: float) -> None:
        self.now += timedelta(**time)

    def send(self) -> int:
        """All that is due."""
        return sender.send_due(clock=self)

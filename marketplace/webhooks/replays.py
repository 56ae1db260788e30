"""Sends again what was sent before, and what the tester asks for."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.errors import Conflict, InvalidInput
from marketplace.events import Event
from marketplace.webhooks.kinds import TEST, kinds
from marketplace.webhooks.messages import ask_to_send, record
from marketplace.webhooks.models import Delivery, Endpoint, Message

# A person can make the hub call an address only so often.
MOST_ATTEMPTS = 50
MOST_TESTS = 60
AN_HOUR = timedelta(hours=1)
State = Delivery.State


@transaction.atomic
def replay(*, delivery: Delivery) -> None:
    """Send it again now, with the same id; one that is under way stays as it is. Raises Conflict."""
    _lock_if_on(delivery.endpoint)
    if delivery.attempt >= MOST_ATTEMPTS:
        raise Conflict(
            _("This was sent %(most)d times. Fetch what it is about instead.") % {"most": MOST_ATTEMPTS},
            code="too_many_replays",
        )
    _make_due(endpoint=delivery.endpoint, pk=delivery.pk)


@transaction.atomic
def replay_failed(*, endpoint: Endpoint, since: datetime) -> int:
    """Send everything again that failed of what happened since then, and say how many that is. Raises Conflict."""
    _lock_if_on(endpoint)
    return _make_due(endpoint=endpoint, state=State.FAILED, created_at__gte=since, message__is_test=False)


@transaction.atomic
def send_test(*, endpoint: Endpoint, kind: str = TEST) -> Delivery:
    """Send the kind's example, marked as a test; it is tried once. Raises InvalidInput, Conflict."""
    if kind not in kinds():
        raise InvalidInput(_("Choose one of the kinds of events."), code="unknown_event_kind", field="kind")
    _lock_if_on(endpoint)
    now = timezone.now()
    tests = Message.objects.filter(account=endpoint.account_id, is_test=True, created_at__gt=now - AN_HOUR)
    if tests.count() >= MOST_TESTS:
        raise Conflict(
            _("You have sent %(most)d tests in an hour. Wait a little.") % {"most": MOST_TESTS}, code="too_many_tests"
        )
    (delivery,) = record(_example(endpoint, kind), [endpoint], now=now, is_test=True)
    return delivery


def _example(endpoint: Endpoint, kind: str) -> Event:
    example = kinds()[kind].example
    if kind == TEST:
        example = example.model_copy(update={"endpoint": endpoint.pk})
    return Event(kind, endpoint.account_id, example.model_dump(mode="json"))


def _make_due(**which: Any) -> int:
    """Of these deliveries, those that nobody is sending."""
    deliveries = Delivery.objects.filter(claimed_until=None, attempt__lt=MOST_ATTEMPTS, **which)
    made_due = deliveries.update(state=State.WAITING, tries=0, due_at=timezone.now())
    ask_to_send()
    return made_due


def _lock_if_on(endpoint: Endpoint) -> None:
    """Whoever switches it off takes its deliveries after it too, and waits."""
    if not Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk).is_on:
        raise Conflict(_("This endpoint is switched off. Switch it on first."), code="endpoint_off")

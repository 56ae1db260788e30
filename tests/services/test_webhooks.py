"""An event reaches its endpoint through the broker and a real site worker, also when that worker is killed on the way."""

from threading import Event as Signal

import pytest
from django.db import transaction

from marketplace.events import announce
from marketplace.orders.announcements import PAID
from marketplace.webhooks.models import Delivery
from tests.factories.receivers import Got, Receiver, Reply, receiver
from tests.factories.webhooks import make_endpoint
from tests.services.conftest import Workers, within

pytestmark = [pytest.mark.services, pytest.mark.stack]


def announce_to(theirs: Receiver) -> Delivery:
    endpoint = make_endpoint(url=theirs.url)
    with transaction.atomic():
        announce(PAID.event(endpoint.account_id, PAID.example))
    return Delivery.objects.get()


def delivered(delivery: Delivery) -> bool:
    return Delivery.objects.get(pk=delivery.pk).state == Delivery.State.DELIVERED


def test_an_event_is_sent_as_soon_as_it_is_committed(workers: Workers) -> None:
    with receiver() as theirs:
        workers.env["HUB_WEBHOOK_LOCAL_HOSTS"] = theirs.address
        # Without the clock, which would send it by itself within 5 s.
        workers.start_site(beat=False)
        delivery = announce_to(theirs)
        assert within(30, lambda: delivered(delivery))
    assert [got.headers["webhook-id"] for got in theirs.got] == [delivery.message_id]


def test_an_event_whose_worker_is_killed_is_sent_again_by_the_next(workers: Workers) -> None:
    arrived, killed = Signal(), Signal()

    def reply(_got: Got) -> Reply:
        arrived.set()
        killed.wait(30)
        return Reply()

    with receiver() as theirs:
        theirs.reply = reply
        workers.env["HUB_WEBHOOK_LOCAL_HOSTS"] = theirs.address
        workers.start_site("first")
        delivery = announce_to(theirs)
        assert arrived.wait(30)
        workers.kill("first")
        killed.set()
        # Its lease, without a minute's wait.
        Delivery.objects.update(claimed_until=delivery.created_at)
        workers.start_site("second")
        assert within(20, lambda: delivered(delivery))
    assert [got.headers["webhook-id"] for got in theirs.got] == [delivery.message_id] * 2

"""A real sender, killed by SIGKILL after its request has arrived and before the answer is noted."""

import os
import signal
import subprocess
import sys
from threading import Event as Signal

import pytest
from django.db import connection
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from hub.settings.site import site_config
from marketplace.webhooks import claims, sender
from marketplace.webhooks.models import Attempt, Delivery
from tests.factories.receivers import Got, Receiver, Reply, receiver
from tests.factories.webhooks import make_delivery, make_endpoint

SEND = "import django; django.setup(); from marketplace.webhooks.sender import send_due; send_due()"


def start_sender() -> subprocess.Popen[bytes]:
    database = connection.settings_dict
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
    env = {**os.environ, "HUB_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "hub.settings"}
    return subprocess.Popen([sys.executable, "-c", SEND], env=env)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_what_a_killed_sender_sent_is_sent_again_with_the_same_id(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as theirs:
        monkeypatch.setenv("HUB_WEBHOOK_LOCAL_HOSTS", theirs.address)
        site_config.cache_clear()
        try:
            _killed_between_sending_and_noting(theirs)
        finally:
            monkeypatch.undo()
            site_config.cache_clear()


def _killed_between_sending_and_noting(theirs: Receiver) -> None:
    endpoint = make_endpoint(url=theirs.url)
    delivery = make_delivery(endpoint)
    arrived, killed = Signal(), Signal()

    def reply(_got: Got) -> Reply:
        arrived.set()
        killed.wait(10)
        return Reply()

    theirs.reply = reply
    process = start_sender()
    assert arrived.wait(60), "the sender sent nothing"
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    killed.set()

    assert sender.send_due() == 0, "its lease still runs"
    later = timezone.now() + claims.LEASE
    assert sender.send_due(clock=lambda: later) == 1
    first, second = theirs.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery.message_id
    Webhook(endpoint.secret).verify(first.body, first.headers)
    assert Delivery.objects.get(pk=delivery.pk).state == Delivery.State.DELIVERED
    noted = list(delivery.attempts_made.values_list("number", "problem"))
    assert noted == [(2, Attempt.Problem.NONE), (1, Attempt.Problem.UNKNOWN)]

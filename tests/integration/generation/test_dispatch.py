"""Jobs on a real broker: sent after commit, sent again by the reaper, never lost because the broker was away."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from queue import Empty
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from django.utils import timezone
from kombu.pidbox import Mailbox

from hub.celery import app
from hub.jobs import CANCEL_COMMAND, GenerateJob, generate_queue
from hub.local.ports import HOST, Ports, choose_ports
from hub.local.servers import running_broker
from hub.testing.environment import FOLDER
from marketplace.generation import dispatch, services
from marketplace.generation.dispatch import job_of
from marketplace.generation.models import Generation
from tests.factories.generation import order, started

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.services]
Committed = Callable[..., Any]


@pytest.fixture
def sent(broker: str) -> Iterator[Callable[[], list[GenerateJob]]]:
    """What lies in the echo engine's queue since the last look."""
    with app.connection_for_read(broker) as connection:
        queue = connection.SimpleQueue(generate_queue("echo"))
        queue.clear()

        def look() -> list[GenerateJob]:
            jobs = []
            with suppress(Empty):
                while True:
                    message = queue.get(block=False)
                    message.ack()
                    jobs.append(GenerateJob.model_validate(message.payload[0][0]))
            return jobs

        yield look
        queue.clear()
        queue.close()


def test_an_order_is_sent_after_commit(
    sent: Callable[[], list[GenerateJob]], django_capture_on_commit_callbacks: Committed
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        generation = order()
        assert sent() == []
    assert sent() == [job_of(generation)]
    generation.refresh_from_db()
    assert (generation.times_sent, generation.sent_at is not None) == (1, True)


def test_what_nobody_started_is_sent_again_and_costs_no_attempt(sent: Callable[[], list[GenerateJob]]) -> None:
    generation = order()  # and the site ends before it sends what it has saved
    now = timezone.now()
    services.reap(now=now + timedelta(seconds=29))
    assert sent() == []  # its message may be on the way
    services.reap(now=now + timedelta(seconds=31))
    services.reap(now=now + timedelta(seconds=55))
    assert sent() == [job_of(generation)]
    services.reap(now=now + timedelta(seconds=95))
    assert sent() == [job_of(generation)]
    generation.refresh_from_db()
    assert (generation.state, generation.attempt, generation.times_sent) == ("queued", 1, 3)


def test_what_the_broker_did_not_take_is_sent_soon(
    sent: Callable[[], list[GenerateJob]],
    django_capture_on_commit_callbacks: Committed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as away:
        away.setattr(dispatch, "app", _with_a_broker_of_its_own()[0])
        with django_capture_on_commit_callbacks(execute=True):
            generation = order()
    generation.refresh_from_db()
    assert (generation.times_sent, generation.sent_at, sent()) == (0, None, [])
    services.reap(now=timezone.now() + timedelta(seconds=2))
    assert sent() == []
    services.reap(now=timezone.now() + timedelta(seconds=4))
    assert sent() == [job_of(generation)]


@pytest.mark.django_db(transaction=True)
def test_what_lost_its_worker_is_sent_once_as_the_next_attempt(sent: Callable[[], list[GenerateJob]]) -> None:
    generation = order()
    services.started(started(generation))
    assert sent() == [job_of(generation)]
    Generation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    services.reap(now=timezone.now())
    generation.refresh_from_db()
    assert (generation.attempt, sent()) == (2, [job_of(generation)])


def test_what_is_no_longer_wanted_is_not_sent(sent: Callable[[], list[GenerateJob]]) -> None:
    generation = order()
    services.cancel(generation=generation)
    assert (dispatch.send(generation.pk), sent()) == (True, [])


def test_only_workers_that_draw_are_told_to_stop(broker: str) -> None:
    heard: list[str] = []
    with app.connection_for_read(broker) as connection:
        for name in ("generate@a", "generate@b", "site@a", "site-123@a", "convert@a"):
            handlers = {CANCEL_COMMAND: lambda _state, *, listener=name, **_arguments: heard.append(listener)}
            node = Mailbox("celery", type="fanout").Node(name, channel=connection.channel(), handlers=handlers)
            node.listen(callback=node.handle_message)
        _drain(connection)  # Redis subscribes only now
        told = []
        for worker in ("", "generate@b#11111111"):
            dispatch.send_cancel(uuid4(), 1, worker)
            _drain(connection)
            told.append(sorted(heard))
            heard.clear()
    assert told == [["generate@a", "generate@b"], ["generate@b"]]


def _drain(connection: Any) -> None:
    with suppress(TimeoutError):
        while True:
            connection.drain_events(timeout=0.5)


def test_a_broker_that_goes_and_comes_back_loses_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    other, port = _with_a_broker_of_its_own()
    monkeypatch.setattr(dispatch, "app", other)
    generation = order()
    answers = [dispatch.send(generation.pk)]
    for _round in range(2):
        with running_broker(FOLDER, port):
            answers.append(dispatch.send(generation.pk))
        answers.append(dispatch.send(generation.pk))
        dispatch.send_cancel(generation.pk, 1)
    assert answers == [False, True, False, True, False]
    generation.refresh_from_db()
    assert (generation.state, generation.times_sent) == ("queued", 3)


def _with_a_broker_of_its_own() -> tuple[Celery, int]:
    """And its port, at which nobody listens yet."""
    ports, _ = choose_ports(Ports(site=0, broker=0, s3=0, master=0, volume=0, filer=0, metrics=0))
    other = Celery("other")
    other.config_from_object("django.conf:settings", namespace="CELERY")
    other.conf.update(broker_url=f"redis://{HOST}:{ports.broker}/0")
    return other, ports.broker

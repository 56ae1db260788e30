"""A delivery from its event to its end: attempts, back-off, giving up, endpoints that are switched off, replay."""

from datetime import timedelta
from threading import Event as Signal
from threading import Thread
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from marketplace.errors import Conflict
from marketplace.webhooks import outcomes, replays, sender
from marketplace.webhooks.addresses import IP
from marketplace.webhooks.claims import LEASE, MOST_TRIES, claim_next
from marketplace.webhooks.connecting import resolve as resolve_really
from marketplace.webhooks.endpoints import change_endpoint, rotate_secret
from marketplace.webhooks.models import Attempt, Delivery, Endpoint
from marketplace.webhooks.schedule import SPREAD, WAITS
from marketplace.webhooks.sending import INTERNET, Answer, Network
from tests.factories.messages import messages_of
from tests.factories.receivers import Got, Receiver, Reply
from tests.factories.webhooks import Clock, make_delivery, make_endpoint

pytestmark = [pytest.mark.django_db, pytest.mark.services]
State, Problem, Disabled = Delivery.State, Attempt.Problem, Endpoint.Disabled


def failing(theirs: Receiver, status: int = 500, **headers: str) -> None:
    theirs.reply = lambda _got: Reply(status, headers)


def again(row: Delivery) -> Delivery:
    return Delivery.objects.select_related("endpoint").get(pk=row.pk)


def test_a_delivery_is_signed_sent_once_and_noted(theirs: Receiver, clock: Clock) -> None:
    endpoint = make_endpoint(url=theirs.url)
    delivery = make_delivery(endpoint, now=clock())
    assert (clock.send(), clock.send()) == (1, 0)
    (got,) = theirs.got
    assert Webhook(endpoint.secret).verify(got.body, got.headers)["type"] == "webhook.test"
    assert got.headers["webhook-id"] == delivery.message_id
    attempt = Attempt.objects.get(delivery=delivery)
    assert (attempt.number, attempt.status, attempt.problem, attempt.address) == (1, 200, "", "127.0.0.1")
    assert attempt.request_headers["webhook-signature"] == got.headers["webhook-signature"]
    assert (again(delivery).state, again(delivery).claimed_until) == (State.DELIVERED, None)


def test_while_a_secret_is_changed_both_verify_and_afterwards_the_new_one_alone(theirs: Receiver, clock: Clock) -> None:
    endpoint = make_endpoint(url=theirs.url)
    old, new = endpoint.secret, rotate_secret(endpoint=endpoint)
    make_delivery(endpoint, now=clock())
    clock.send()
    for secret in (old, new):
        Webhook(secret).verify(theirs.got[0].body, theirs.got[0].headers)
    clock.on(hours=24, seconds=1)
    make_delivery(endpoint, now=clock())
    clock.send()
    assert [got.headers["webhook-signature"].count("v1,") for got in theirs.got] == [2, 1]


def test_a_failed_delivery_is_tried_again_at_the_standard_times_and_then_given_up(
    theirs: Receiver, clock: Clock
) -> None:
    failing(theirs)
    delivery = make_delivery(make_endpoint(url=theirs.url), now=clock())
    assert clock.send() == 1
    for wait in WAITS:
        due = again(delivery).due_at - clock()
        assert wait <= due <= wait * (1 + SPREAD) + timedelta(seconds=1)
        clock.now = again(delivery).due_at - timedelta(milliseconds=1)
        assert clock.send() == 0
        clock.on(milliseconds=1)
        assert clock.send() == 1
    assert (again(delivery).state, again(delivery).attempt) == (State.FAILED, 10)
    clock.on(days=3)
    assert clock.send() == 0
    assert len({got.headers["webhook-id"] for got in theirs.got}) == 1
    assert len({got.body for got in theirs.got}) == 1
    assert len({got.headers["webhook-timestamp"] for got in theirs.got}) == 10


def test_a_receiver_that_asks_for_time_is_given_it(theirs: Receiver, clock: Clock) -> None:
    failing(theirs, 429, **{"Retry-After": "120"})
    delivery = make_delivery(make_endpoint(url=theirs.url), now=clock())
    clock.send()
    assert again(delivery).due_at == clock() + timedelta(seconds=120)


def test_success_after_a_failure_ends_the_failing(theirs: Receiver, clock: Clock) -> None:
    failing(theirs)
    delivery = make_delivery(make_endpoint(url=theirs.url), now=clock())
    clock.send()
    assert again(delivery).endpoint.failing_since == clock()
    theirs.reply = lambda _got: Reply()
    clock.on(seconds=7)
    clock.send()
    assert (again(delivery).state, again(delivery).endpoint.failing_since) == (State.DELIVERED, None)


def test_an_answer_410_switches_the_endpoint_off_at_once(theirs: Receiver, clock: Clock) -> None:
    failing(theirs, 410)
    endpoint = make_endpoint(url=theirs.url)
    deliveries = [make_delivery(endpoint, now=clock() + timedelta(hours=hours)) for hours in range(3)]
    assert clock.send() == 1
    assert {again(delivery).state for delivery in deliveries} == {State.FAILED}
    endpoint.refresh_from_db()
    assert (endpoint.disabled, endpoint.owner_knows) == (Disabled.GONE, False)


def test_days_of_failure_switch_the_endpoint_off(theirs: Receiver, clock: Clock) -> None:
    failing(theirs)
    endpoint = make_endpoint(url=theirs.url)
    make_delivery(endpoint, now=clock())
    for days in (0, 1, 1, 1, 1.9):
        clock.on(days=days)
        clock.send()
        endpoint.refresh_from_db()
        assert endpoint.disabled == Disabled.NOT
    waiting = make_delivery(endpoint, now=clock() + timedelta(hours=20))
    clock.on(hours=16)
    clock.send()
    endpoint.refresh_from_db()
    assert (endpoint.disabled, endpoint.owner_knows, again(waiting).state) == (Disabled.FAILING, False, State.FAILED)


def test_one_failure_after_a_quiet_week_switches_nothing_off(theirs: Receiver, clock: Clock) -> None:
    failing(theirs)
    endpoint = make_endpoint(url=theirs.url, failing_since=clock() - timedelta(days=7))
    make_delivery(endpoint, now=clock())
    clock.send()
    endpoint.refresh_from_db()
    assert endpoint.disabled == Disabled.NOT


def test_a_test_that_fails_does_not_count(theirs: Receiver, clock: Clock) -> None:
    failing(theirs)
    endpoint = make_endpoint(url=theirs.url)
    make_delivery(endpoint, now=clock(), is_test=True)
    clock.send()
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_an_endpoint_that_is_off_is_sent_nothing_and_what_waited_failed(theirs: Receiver, clock: Clock) -> None:
    endpoint = make_endpoint(url=theirs.url)
    delivery = make_delivery(endpoint, now=clock())
    change_endpoint(endpoint=endpoint, enabled=False)
    assert (clock.send(), again(delivery).state, theirs.got) == (0, State.FAILED, [])


def test_a_test_is_tried_once(theirs: Receiver, clock: Clock) -> None:
    failing(theirs)
    delivery = make_delivery(make_endpoint(url=theirs.url), now=clock(), is_test=True)
    clock.send()
    clock.on(days=2)
    assert (clock.send(), again(delivery).state, len(theirs.got)) == (0, State.FAILED, 1)


def test_an_address_that_the_rules_forbid_by_now_is_not_sent_to(clock: Clock) -> None:
    delivery = make_delivery(make_endpoint(url="http://127.0.0.1:1/"), now=clock())
    clock.send()
    assert Attempt.objects.get(delivery=delivery).problem == Problem.URL


def test_without_a_secret_that_can_be_read_nothing_is_sent(theirs: Receiver, clock: Clock) -> None:
    """Everybody can sign with an empty secret."""
    delivery = make_delivery(make_endpoint(url=theirs.url), now=clock())
    with override_settings(SECRET_KEY="another"):
        clock.send()
    assert (Attempt.objects.get(delivery=delivery).problem, theirs.got) == (Problem.SECRET, [])


def test_of_two_senders_one_has_the_delivery() -> None:
    make_delivery()
    now = timezone.now()
    first, second = claim_next(now=now), claim_next(now=now)
    assert (first is not None, second) == (True, None)


def test_a_sender_that_is_gone_leaves_its_attempt_and_the_next_sends_the_same_id(theirs: Receiver) -> None:
    clock = Clock()
    delivery = make_delivery(make_endpoint(url=theirs.url), now=clock())
    lost = claim_next(now=clock())
    assert (lost is not None, clock.send()) == (True, 0)
    clock.now += LEASE
    assert clock.send() == 1
    numbers = list(delivery.attempts_made.values_list("number", "problem"))
    assert numbers == [(2, Problem.NONE), (1, Problem.UNKNOWN)]
    assert theirs.got[0].headers["webhook-id"] == delivery.message_id


def test_an_answer_that_comes_after_the_lease_moves_nothing_but_its_own_attempt(clock: Clock) -> None:
    delivery = make_delivery(now=clock())
    slow = claim_next(now=clock())
    clock.now += LEASE
    assert (claim_next(now=clock()) is not None, slow is not None) == (True, True)
    assert slow is not None
    outcomes.record(slow, Answer(Problem.NONE, 61.0, status=200), now=clock())
    assert (again(delivery).state, again(delivery).attempt) == (State.WAITING, 2)
    assert list(delivery.attempts_made.values_list("number", "status")) == [(2, None), (1, 200)]


def test_one_that_kills_every_sender_is_given_up(clock: Clock) -> None:
    delivery = make_delivery(now=clock())
    for _ in range(MOST_TRIES):
        assert claim_next(now=clock()) is not None
        clock.now += LEASE
    assert (claim_next(now=clock()), again(delivery).state) == (None, State.FAILED)


def test_one_account_holds_four_senders_at_most_and_another_is_served() -> None:
    slow, other = make_endpoint(), make_endpoint()
    for _ in range(3):
        make_delivery(slow)
        make_delivery(make_endpoint(account=slow.account))
    last = make_delivery(other)
    now = timezone.now()
    claimed = [claim.delivery for _ in range(7) if (claim := claim_next(now=now))]
    assert [delivery.endpoint.account for delivery in claimed] == [slow.account] * 4 + [other.account]
    assert claimed[4] == last


def test_a_receiver_that_is_slow_delays_no_other(theirs: Receiver, clock: Clock) -> None:
    arrived = Signal()

    def reply(got: Got) -> Reply:
        if got.path == "/quick":
            arrived.set()
            return Reply()
        return Reply(200 if arrived.wait(10) else 500)

    theirs.reply = reply
    slow = make_delivery(make_endpoint(url=f"{theirs.url}/slow"), now=clock() - timedelta(seconds=1))
    make_delivery(make_endpoint(url=f"http://{theirs.address}/quick"), now=clock())
    assert clock.send() == 2
    assert Attempt.objects.get(delivery=slow).status == 200


def test_a_mistake_of_ours_with_one_delivery_holds_no_other_up(theirs: Receiver, clock: Clock) -> None:
    def resolve(_host: str, _port: int) -> list[IP]:
        raise ZeroDivisionError

    broken = make_delivery(now=clock() - timedelta(seconds=1))
    good = make_delivery(make_endpoint(url=f"http://{theirs.address}/"), now=clock())
    broken_network = Network(lambda host, port: resolve(host, port) if host[0] == "h" else resolve_really(host, port))
    assert sender.send_due(network=broken_network, clock=clock) == 2
    assert [again(row).state for row in (broken, good)] == [State.WAITING, State.DELIVERED]
    assert broken.attempts_made.get().problem == Problem.UNKNOWN


def test_what_has_been_due_for_longest_is_sent_first(clock: Clock) -> None:
    endpoint = make_endpoint()
    third, first, second = (make_delivery(endpoint, now=clock() - timedelta(seconds=ago)) for ago in (1, 3, 2))
    claimed = [claim.delivery for _ in range(4) if (claim := claim_next(now=clock()))]
    assert claimed == [first, second, third]


def test_one_thread_of_a_worker_sends_and_the_others_are_left_to_the_hubs_own_work(
    theirs: Receiver, clock: Clock
) -> None:
    meanwhile: list[int] = []

    def reply(_got: Got) -> Reply:
        meanwhile.append(sender.send_due())
        return Reply()

    theirs.reply = reply
    make_delivery(make_endpoint(url=theirs.url), now=clock())
    assert (clock.send(), meanwhile) == (1, [0])


def test_a_shift_ends_and_asks_for_the_next(
    theirs: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(sender, "SHIFT_S", 0.0)
    make_delivery(make_endpoint(url=theirs.url), now=clock())
    with django_capture_on_commit_callbacks() as callbacks:
        assert clock.send() == 0
    assert messages_of(callbacks) == [("webhooks.send_due", (), "webhooks")]


def test_a_replay_sends_the_same_again_and_begins_its_schedule_anew(theirs: Receiver, clock: Clock) -> None:
    delivery = make_delivery(make_endpoint(url=theirs.url), now=clock())
    clock.send()
    failing(theirs)
    replays.replay(delivery=again(delivery))
    clock.now = timezone.now()
    clock.send()
    first, second = theirs.got
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert (again(delivery).state, again(delivery).tries, again(delivery).attempt) == (State.WAITING, 1, 2)


def test_one_that_is_under_way_is_not_sent_twice_by_a_replay(clock: Clock) -> None:
    delivery = make_delivery(now=clock())
    claim_next(now=clock())
    replays.replay(delivery=again(delivery))
    assert (claim_next(now=timezone.now()), again(delivery).attempt) == (None, 1)


def test_everything_that_failed_since_a_date_is_replayed_and_nothing_else(clock: Clock) -> None:
    endpoint, other = make_endpoint(), make_endpoint()
    since = clock() - timedelta(hours=1)
    failed = {"state": State.FAILED}
    wanted = [make_delivery(endpoint, now=since + timedelta(minutes=age), **failed) for age in (0, 30)]
    left = [
        make_delivery(endpoint, now=since - timedelta(seconds=1), **failed),
        make_delivery(endpoint, now=clock(), is_test=True, **failed),
        make_delivery(other, now=clock(), **failed),
    ]
    delivered = make_delivery(endpoint, now=clock(), state=State.DELIVERED)
    assert replays.replay_failed(endpoint=endpoint, since=since) == 2
    assert [again(row).state for row in wanted] == [State.WAITING] * 2
    assert [again(row).state for row in (*left, delivered)] == [State.FAILED] * 3 + [State.DELIVERED]


def test_a_replay_needs_an_endpoint_that_is_on_and_has_an_end() -> None:
    off = make_delivery(make_endpoint(disabled=Disabled.OWNER), state=State.FAILED)
    much = make_delivery(attempt=replays.MOST_ATTEMPTS, state=State.FAILED)
    for delivery, code in ((off, "endpoint_off"), (much, "too_many_replays")):
        with pytest.raises(Conflict) as refused:
            replays.replay(delivery=delivery)
        assert refused.value.code == code


def test_a_person_can_send_only_so_many_tests_in_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "MOST_TESTS", 2)
    endpoint = make_endpoint()
    for _ in range(2):
        replays.send_test(endpoint=endpoint)
    with pytest.raises(Conflict) as refused:
        replays.send_test(endpoint=endpoint, kind="top_up.paid")
    assert refused.value.code == "too_many_tests"


@pytest.mark.django_db(transaction=True)
def test_many_senders_at_once_send_each_attempt_once(theirs: Receiver) -> None:
    """Eight threads, each with its own connection to the database, on SQLite here and on PostgreSQL by the marker's run."""
    endpoints = [make_endpoint(url=theirs.url) for _ in range(4)]
    deliveries = [make_delivery(endpoint) for endpoint in endpoints for _ in range(8)]
    theirs.reply = lambda got: Reply(500 if int(got.headers["webhook-id"][-1], 16) % 4 == 0 else 200)
    _together(8)
    assert sorted(got.headers["webhook-id"] for got in theirs.got) == sorted(row.message_id for row in deliveries)
    assert {again(row).attempt for row in deliveries} == {1}


def _together(threads: int) -> None:
    def work() -> None:
        while (claim := claim_next(now=timezone.now())) is not None:
            outcomes.record(claim, sender._sent(claim, INTERNET), now=timezone.now())
        connections.close_all()

    running = [Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)

from datetime import timedelta

import pytest
from django.utils import timezone

from hub.jobs import WorkerStarted
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.generation.reaper import is_due, wait_before_sending_again
from marketplace.ledger.selectors import held_balance, wallet_balance
from tests.factories.generation import WORKER, echo_version, failed, handed_back, heartbeat, order, started, succeeded
from tests.factories.ledger import CREDIT, make_buyer

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def state_of(generation: Generation) -> tuple[str, int, str, int]:
    generation.refresh_from_db()
    return generation.state, generation.attempt, generation.worker, generation.step


def test_the_waits_between_publishing_again_double_up_to_ten_minutes() -> None:
    waits = [wait_before_sending_again(times).total_seconds() for times in range(1, 8)]
    assert waits == [30, 60, 120, 240, 480, 600, 600]
    assert wait_before_sending_again(10_000).total_seconds() == 600


@pytest.mark.parametrize(
    ("times_sent", "seconds", "due"), [(0, 2, False), (0, 4, True), (1, 29, False), (1, 30, True), (2, 59, False)]
)
def test_a_queued_row_is_published_again_when_its_wait_is_over(times_sent: int, seconds: int, due: bool) -> None:
    now = timezone.now()
    since = now - timedelta(seconds=seconds)
    generation = Generation(created_at=since, sent_at=since if times_sent else None, times_sent=times_sent)
    assert is_due(generation, now) is due


def test_a_worker_gets_a_lease_and_renews_it() -> None:
    generation = order()
    services.started(started(generation))
    assert state_of(generation) == ("running", 1, WORKER, 0)
    first = generation.lease_until
    services.heartbeat(heartbeat(generation, 3))
    assert state_of(generation) == ("running", 1, WORKER, 3)
    assert first is not None
    assert generation.lease_until is not None
    assert generation.lease_until > first
    assert timedelta(seconds=29) < generation.lease_until - timezone.now() <= timedelta(seconds=30)


def test_a_second_worker_does_not_take_a_job_with_a_live_lease() -> None:
    generation = order()
    services.started(started(generation))
    services.started(started(generation, worker="worker-2"))
    services.heartbeat(heartbeat(generation, 2, worker="worker-2"))
    assert state_of(generation) == ("running", 1, WORKER, 0)


def test_a_worker_that_starts_again_gives_up_what_its_killed_predecessor_held() -> None:
    lost, elsewhere, mine = order(), order(), order()
    services.started(started(lost, worker="generate@a#11111111"))
    services.started(started(elsewhere, worker="generate@ab#11111111"))
    services.started(started(mine, worker="generate@a#22222222"))
    services.worker_started(WorkerStarted(worker="generate@a#22222222"))
    assert [state_of(generation) for generation in (lost, elsewhere, mine)] == [
        ("queued", 2, "", 0),
        ("running", 1, "generate@ab#11111111", 0),
        ("running", 1, "generate@a#22222222", 0),
    ]


def test_a_heartbeat_whose_start_was_lost_starts_the_job() -> None:
    generation = order()
    services.heartbeat(heartbeat(generation, 2))
    assert state_of(generation) == ("running", 1, WORKER, 2)


def test_progress_never_goes_back_within_an_attempt() -> None:
    generation = order()
    services.started(started(generation))
    services.heartbeat(heartbeat(generation, 3))
    services.heartbeat(heartbeat(generation, 2))
    assert state_of(generation) == ("running", 1, WORKER, 3)


def test_a_lost_worker_costs_an_attempt_and_after_the_last_the_hold_returns() -> None:
    buyer = make_buyer(10)
    generation = order(buyer)
    for attempt in (1, 2):
        services.started(started(generation, attempt=attempt))
        services.reap(now=timezone.now() + timedelta(seconds=31))
        assert state_of(generation) == ("queued", attempt + 1, "", 0)
    services.started(started(generation, attempt=3))
    services.reap(now=timezone.now() + timedelta(seconds=31))
    assert state_of(generation)[:2] == ("failed", 3)
    assert (generation.failure_code, wallet_balance(buyer), held_balance(buyer)) == ("worker_lost", 10 * CREDIT, 0)


def test_the_reaper_leaves_a_live_job_alone() -> None:
    generation = order()
    services.started(started(generation))
    services.reap(now=timezone.now() + timedelta(seconds=20))
    assert state_of(generation) == ("running", 1, WORKER, 0)


def test_reports_of_another_attempt_change_nothing() -> None:
    generation = order()
    services.started(started(generation))
    before = state_of(generation)
    for attempt in (0, 2):
        services.heartbeat(heartbeat(generation, 4, attempt=attempt))
        services.failed(failed(generation, attempt=attempt, retryable=False))
        services.succeeded(succeeded(generation, attempt=attempt))
    assert state_of(generation) == before


def test_what_a_stopping_worker_hands_back_is_for_the_next_one_at_once_and_costs_no_attempt() -> None:
    generation = order()
    services.started(started(generation))
    services.handed_back(handed_back(generation))
    assert state_of(generation) == ("queued", 1, "", 0)
    services.started(started(generation, worker="worker-2"))
    assert state_of(generation) == ("running", 1, "worker-2", 0)


def test_a_worker_hands_back_only_what_is_its_own() -> None:
    generation = order()
    services.started(started(generation))
    services.handed_back(handed_back(generation, worker="worker-2"))
    services.handed_back(handed_back(generation, attempt=2))
    assert state_of(generation) == ("running", 1, WORKER, 0)
    services.failed(failed(generation, retryable=False))
    services.handed_back(handed_back(generation))
    assert state_of(generation)[0] == "failed"


def test_a_failure_that_may_pass_is_tried_again() -> None:
    generation = order()
    services.started(started(generation))
    services.failed(failed(generation))
    assert state_of(generation) == ("queued", 2, "", 0)


def test_a_failure_that_will_not_pass_returns_the_hold() -> None:
    buyer = make_buyer(10)
    generation = order(buyer)
    refusal = failed(generation, retryable=False, code="no_adapters", message="This base takes no styles.")
    services.failed(refusal)
    services.failed(refusal)
    assert state_of(generation)[0] == "failed"
    assert (generation.failure_code, generation.failure_message) == ("no_adapters", "This base takes no styles.")
    assert (wallet_balance(buyer), held_balance(buyer)) == (10 * CREDIT, 0)


def test_a_style_that_is_to_blame_is_named_and_the_hold_returns() -> None:
    buyer = make_buyer(10)
    blamed = echo_version()
    generation = order(buyer, blamed)
    services.failed(failed(generation, retryable=False, code="unreadable_style", pack=blamed.pack.sha256))
    assert state_of(generation)[0] == "failed"
    assert generation.failure_message == f"{blamed}: The engine stopped."
    assert (wallet_balance(buyer), held_balance(buyer)) == (10 * CREDIT, 0)


def test_a_report_about_nothing_we_know_is_dropped() -> None:
    gone = Generation(steps=4, width=64, height=64, seed=1)
    services.started(started(gone))
    services.heartbeat(heartbeat(gone, 1))
    services.succeeded(succeeded(gone, b"x"))
    services.failed(failed(gone))
    assert Generation.objects.count() == 0


def test_a_finished_worker_changes_nothing_after_a_cancel() -> None:
    buyer = make_buyer(10)
    generation = order(buyer)
    services.started(started(generation))
    services.cancel(generation=generation)
    services.heartbeat(heartbeat(generation, 4))
    services.succeeded(succeeded(generation))
    assert state_of(generation)[0] == "cancelled"
    assert (wallet_balance(buyer), held_balance(buyer)) == (10 * CREDIT, 0)

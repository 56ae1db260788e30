"""A generation on the echo engine from click to ledger, with the object store real and the worker's part played here."""

import pytest

from hub import keys
from hub.object_store import ObjectStore
from marketplace.catalogue.services import set_base_examples
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.ledger.models import Transaction
from marketplace.ledger.selectors import (
    VersionEarnings,
    earned_balance,
    earnings_by_version,
    held_balance,
    sum_of_all_entries,
    wallet_balance,
)
from tests.factories.accounts import make_user
from tests.factories.catalogue import echo_base
from tests.factories.generation import PROMPT, echo_version, heartbeat, order, started, stored, succeeded
from tests.factories.ledger import CREDIT, make_buyer

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
COMPUTE = 100


def test_a_delivered_image_is_paid_for_once() -> None:
    buyer, creator = make_buyer(10), make_user()
    version = echo_version(creator=creator, price_micro=10_001)
    generation = order(buyer, version)
    services.started(started(generation))
    services.heartbeat(heartbeat(generation, 2))
    report = stored(generation, device_seconds=1.5, energy_joules=300.0)
    services.succeeded(report)
    services.succeeded(report)
    generation.refresh_from_db()
    assert (generation.state, generation.step, generation.seconds) == ("succeeded", 4, 2.0)
    assert (generation.device_seconds, generation.energy_joules) == (1.5, 300.0)
    assert (generation.image_key, generation.image_sha256, generation.image_size, generation.image_media_type) == (
        keys.output(generation.pk, 1),
        report.sha256,
        len(PROMPT),
        "text/plain",
    )
    assert (wallet_balance(buyer), held_balance(buyer)) == (10 * CREDIT - COMPUTE - 10_001, 0)
    assert earned_balance(creator) == 7_001
    assert earnings_by_version(creator) == [VersionEarnings(version.pk, 1, 7_001)]
    assert Transaction.objects.filter(key__contains=str(generation.pk)).count() == 2
    assert sum_of_all_entries() == 0


def test_a_result_is_accepted_though_every_earlier_report_was_lost() -> None:
    generation = order()
    services.succeeded(stored(generation))
    generation.refresh_from_db()
    assert generation.state == "succeeded"


@pytest.mark.parametrize("problem", ["missing", "other bytes", "other size", "other seed", "other width"])
def test_an_image_that_is_not_what_was_ordered_is_not_paid_for(problem: str) -> None:
    buyer = make_buyer(10)
    generation = order(buyer)
    report = {
        "missing": lambda: succeeded(generation),
        "other bytes": lambda: stored(generation, b"one", sha256="0" * 64),
        "other size": lambda: stored(generation, b"one", size=4),
        "other seed": lambda: stored(generation, seed=8),
        "other width": lambda: stored(generation, width=128),
    }[problem]()
    services.succeeded(report)
    generation.refresh_from_db()
    assert (generation.state, generation.attempt, generation.image_key) == ("queued", 2, "")
    assert held_balance(buyer) == COMPUTE


def test_a_damaged_image_three_times_returns_the_hold() -> None:
    buyer = make_buyer(10)
    generation = order(buyer)
    for _ in range(3):
        services.succeeded(stored(generation, sha256="0" * 64))
        generation.refresh_from_db()
    assert (generation.state, generation.failure_code) == ("failed", "image_damaged")
    assert (wallet_balance(buyer), held_balance(buyer), sum_of_all_entries()) == (10 * CREDIT, 0, 0)


def test_a_late_result_of_an_earlier_attempt_is_refused() -> None:
    generation = order()
    late = stored(generation)
    Generation.objects.filter(pk=generation.pk).update(attempt=2)
    services.succeeded(late)
    generation.refresh_from_db()
    assert (generation.state, generation.attempt) == ("queued", 2)


def test_a_finished_example_shows_the_version_and_moves_no_money() -> None:
    version = echo_version(prompts=("a harbour at dawn", "a fox"))
    cover, further = version.examples.all()
    for example in (further, cover):
        sample = services.request_example(example=example)
        report = stored(sample)
        services.succeeded(report)
        services.succeeded(report)
        example.refresh_from_db()
        assert (example.image_key, example.image_sha256) == (keys.output(sample.pk, 1), report.sha256)
    assert (version.cover, version.further_examples) == (cover, [further])
    assert Transaction.objects.count() == 0


def test_an_example_that_was_taken_back_while_it_was_drawn_is_shown_nowhere() -> None:
    base = echo_base()
    set_base_examples(base=base, prompts=["a boat"])
    sample = services.request_example(example=base.examples.get())
    set_base_examples(base=base, prompts=["a fox"])
    services.succeeded(stored(sample))
    assert list(base.examples.values_list("prompt", "image_sha256")) == [("a fox", "")]


def test_the_store_holds_what_the_buyer_gets(object_store_server: ObjectStore) -> None:
    generation = order()
    services.succeeded(stored(generation))
    generation.refresh_from_db()
    assert object_store_server.get(generation.image_key) == PROMPT.encode()

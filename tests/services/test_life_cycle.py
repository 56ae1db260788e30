"""The life cycle of a generation with real workers; on every broker and database that the settings can name."""

import pytest

from hub.object_store import ObjectStore
from hub.testing.environment import ON_SERVICES
from marketplace.generation.models import Generation
from marketplace.ledger.models import Transaction
from marketplace.ledger.selectors import held_balance, sum_of_all_entries, wallet_balance
from tests.factories.catalogue import echo_base
from tests.factories.generation import PROMPT, order
from tests.factories.ledger import CREDIT, make_buyer
from tests.services.conftest import Workers, within

pytestmark = [pytest.mark.services, pytest.mark.stack]
PRICE = 100
# There `make smoke` kills the same processes with every change.
nightly_on_the_embedded_stack = pytest.mark.services if ON_SERVICES else pytest.mark.slow


def state_of(generation: Generation) -> str:
    generation.refresh_from_db()
    return str(generation.state)


def delivered(store: ObjectStore, generation: Generation) -> tuple[str, bytes]:
    return state_of(generation), store.get(generation.image_key)


def charges(generation: Generation) -> list[str]:
    """What every ledger transaction of this generation was for."""
    found = Transaction.objects.filter(key__contains=str(generation.pk))
    return sorted(found.values_list("kind", flat=True))


def test_an_order_becomes_one_image_and_one_charge(workers: Workers, object_store_server: ObjectStore) -> None:
    workers.start_site()
    workers.start_echo()
    buyer = make_buyer(1)
    generation = order(buyer)
    assert within(30, lambda: state_of(generation) == "succeeded")
    assert delivered(object_store_server, generation) == ("succeeded", PROMPT.encode())
    assert len(charges(generation)) == 2
    assert (wallet_balance(buyer), held_balance(buyer), sum_of_all_entries()) == (CREDIT - PRICE, 0, 0)


def test_an_order_made_before_any_worker_runs_waits_for_one(workers: Workers) -> None:
    generation = order()
    assert state_of(generation) == "queued"
    workers.start_site()
    workers.start_echo()
    assert within(30, lambda: state_of(generation) == "succeeded")


@nightly_on_the_embedded_stack
def test_kill_9_of_the_worker_costs_neither_image_nor_credit(
    workers: Workers, object_store_server: ObjectStore
) -> None:
    workers.env["HUB_LEASE_SECONDS"] = "8"
    workers.start_site()
    workers.start_echo("first", seconds=30)
    buyer = make_buyer(1)
    generation = order(buyer)
    assert within(30, lambda: state_of(generation) == "running")
    workers.kill("first")
    workers.start_echo("second")
    assert within(60, lambda: state_of(generation) == "succeeded")
    assert delivered(object_store_server, generation) == ("succeeded", PROMPT.encode())
    assert len(charges(generation)) == 2
    assert (wallet_balance(buyer), held_balance(buyer), sum_of_all_entries()) == (CREDIT - PRICE, 0, 0)


@nightly_on_the_embedded_stack
def test_a_worker_that_is_stopped_finishes_its_image_and_another_makes_the_rest(workers: Workers) -> None:
    workers.start_site()
    workers.start_echo("first", seconds=4)
    echo_base()
    buyer = make_buyer(1)
    generations = [order(buyer) for _ in range(3)]
    assert within(30, lambda: all(state_of(generation) == "running" for generation in generations))
    workers.ask_to_stop("first")
    workers.start_echo("second", host="another")
    assert within(25, lambda: all(state_of(generation) == "succeeded" for generation in generations))
    assert [generation.attempt for generation in generations] == [1, 1, 1]
    assert [len(charges(generation)) for generation in generations] == [2, 2, 2]


@nightly_on_the_embedded_stack
def test_kill_9_of_the_site_worker_costs_neither_image_nor_credit(workers: Workers) -> None:
    workers.env["HUB_LEASE_SECONDS"] = "8"
    workers.start_site("first-site")
    workers.start_echo(seconds=3)
    buyer = make_buyer(1)
    generation = order(buyer)
    assert within(30, lambda: state_of(generation) == "running")
    workers.kill("first-site")
    workers.start_site("second-site")
    assert within(60, lambda: state_of(generation) == "succeeded")
    assert len(charges(generation)) == 2
    assert (wallet_balance(buyer), held_balance(buyer), sum_of_all_entries()) == (CREDIT - PRICE, 0, 0)


@nightly_on_the_embedded_stack
def test_twenty_orders_at_once_are_each_charged_once(workers: Workers) -> None:
    workers.start_site()
    workers.start_echo()
    buyer = make_buyer(1)
    echo_base()
    generations = [order(buyer) for _ in range(20)]
    assert within(60, lambda: all(state_of(generation) == "succeeded" for generation in generations))
    assert [len(charges(generation)) for generation in generations] == [2] * 20
    assert (wallet_balance(buyer), held_balance(buyer), sum_of_all_entries()) == (CREDIT - 20 * PRICE, 0, 0)

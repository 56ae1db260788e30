"""Cancelling, delivering and failing the same batch at once, on the database as it really runs."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest
from django.db import connection

from marketplace.batches.services import cancel_rest, finish_batches, request_batch
from marketplace.errors import Conflict, NotEnoughCredit
from marketplace.events import Event, announced
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.ledger.models import Transaction
from marketplace.ledger.selectors import earned_balance, held_balance, sum_of_all_entries, wallet_balance
from tests.factories.batches import images_of
from tests.factories.generation import echo_version, failed, make_request, stored
from tests.factories.ledger import CREDIT, make_buyer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack, pytest.mark.services]
SIZE = 24


def at_once(acts: list[Callable[[], object]]) -> None:
    """From eight threads with a connection each."""

    def call(act: Callable[[], object]) -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(call, acts))


@pytest.mark.usefixtures("object_store_server")
@pytest.mark.parametrize("round_", range(3))
def test_each_image_ends_in_one_way_and_its_hold_with_it(round_: int) -> None:
    buyer, version = make_buyer(1_000), echo_version()
    batch = request_batch(buyer=buyer, requests=[make_request(version, seed=n) for n in range(SIZE)])
    rows = images_of(batch)
    reports, failures = [stored(row) for row in rows], [failed(row, retryable=False) for row in rows]

    def cancel_one(row: Generation) -> None:
        with suppress(Conflict):
            services.cancel(generation=Generation.objects.get(pk=row.pk))

    acts: list[Callable[[], object]] = []
    for number, row in enumerate(rows):
        acts.append(partial(services.succeeded, reports[number]))
        if number % 3 == 0:
            acts.append(partial(services.failed, failures[number]))
        if number % 3 == 1:
            acts.append(partial(cancel_one, row))
        if number % 8 == 4 + round_:
            acts.append(partial(cancel_rest, batch=batch))
    at_once(acts)
    cancel_rest(batch=batch)
    states = Counter(row.state for row in images_of(batch))
    assert sum(states[state] for state in ("succeeded", "failed", "cancelled")) == SIZE
    price = rows[0].price_micro
    assert wallet_balance(buyer) == 1_000 * CREDIT - states["succeeded"] * price
    assert earned_balance(version.style.creator) == states["succeeded"] * 7_000
    assert (held_balance(buyer), sum_of_all_entries()) == (0, 0)
    assert Transaction.objects.filter(key__endswith=":settle").count() == SIZE


def test_of_batches_ordered_at_once_those_are_accepted_that_the_credit_pays_whole() -> None:
    buyer = make_buyer(50 * 100 / CREDIT)
    requests = [make_request(seed=number) for number in range(20)]
    accepted: list[object] = []

    def order() -> None:
        with suppress(NotEnoughCredit):
            accepted.append(request_batch(buyer=buyer, requests=requests))

    at_once([order] * 8)
    assert (len(accepted), Generation.objects.count()) == (2, 40)
    assert (wallet_balance(buyer), held_balance(buyer), sum_of_all_entries()) == (1_000, 4_000, 0)


def test_an_end_that_eight_see_at_once_is_said_once() -> None:
    batch = request_batch(buyer=make_buyer(), requests=[make_request()])
    cancel_rest(batch=batch)
    told: list[str] = []

    def listen(event: Event, **_: object) -> None:
        told.append(event.kind)

    announced.connect(listen)
    try:
        at_once([finish_batches] * 8)
    finally:
        announced.disconnect(listen)
    assert told == ["batch.finished"]

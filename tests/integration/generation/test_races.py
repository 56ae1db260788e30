"""Many at once, on the database as it really runs."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connection, transaction

from marketplace.errors import Conflict, NotEnoughCredit
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.ledger import services as ledger
from marketplace.ledger.models import Transaction
from marketplace.ledger.selectors import earned_balance, held_balance, sum_of_all_entries, wallet_balance
from tests.factories.generation import echo_version, failed, make_request, order, stored
from tests.factories.ledger import CREDIT, make_buyer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack, pytest.mark.services]


def at_once(times: int, act: Callable[[int], str]) -> Counter[str]:
    """What the calls answered, made from eight threads with a connection each."""

    def call(number: int) -> str:
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        return Counter(threads.map(call, range(times)))


def test_of_a_hundred_orders_with_credit_for_seven_seven_are_accepted() -> None:
    version = echo_version(price_micro=CREDIT - 100)
    buyer = make_buyer(7)
    request = make_request(version)

    def act(number: int) -> str:
        try:
            services.request_generation(buyer=buyer, request=request)
        except NotEnoughCredit:
            return "refused"
        return "accepted"

    assert at_once(100, act) == {"accepted": 7, "refused": 93}
    assert (Generation.objects.count(), wallet_balance(buyer), held_balance(buyer)) == (7, 0, 7 * CREDIT)
    assert sum_of_all_entries() == 0


def test_the_same_payment_eight_times_at_once_is_credited_once() -> None:
    buyer = make_buyer(1)

    def act(number: int) -> str:
        with transaction.atomic():
            return str(ledger.top_up(key="top_up:races", buyer_id=buyer.pk, amount_micro=CREDIT).pk)

    assert list(at_once(64, act).values()) == [64]
    assert (wallet_balance(buyer), sum_of_all_entries()) == (2 * CREDIT, 0)


@pytest.mark.usefixtures("object_store_server")
def test_the_same_result_eight_times_at_once_is_paid_once() -> None:
    version, buyer = echo_version(), make_buyer(10)
    generation = order(buyer, version)
    report = stored(generation)

    def act(number: int) -> str:
        services.succeeded(report)
        return "done"

    assert at_once(8, act) == {"done": 8}
    assert Transaction.objects.filter(key=f"generation:{generation.pk}:settle").count() == 1
    assert (held_balance(buyer), earned_balance(version.style.creator), sum_of_all_entries()) == (0, 7_000, 0)


@pytest.mark.usefixtures("object_store_server")
@pytest.mark.parametrize("round_", range(5))
def test_cancel_failure_and_result_at_once_end_it_in_one_way(round_: int) -> None:
    version, buyer = echo_version(), make_buyer(10)
    generation = order(buyer, version)
    report, failure = stored(generation), failed(generation, retryable=False)

    def act(number: int) -> str:
        if number % 3 == 0:
            services.succeeded(report)
        elif number % 3 == 1:
            services.failed(failure)
        else:
            with suppress(Conflict):
                services.cancel(generation=Generation.objects.get(pk=generation.pk))
        return "done"

    assert at_once(9, act) == {"done": 9}
    generation.refresh_from_db()
    delivered = generation.state == Generation.State.SUCCEEDED
    assert earned_balance(version.style.creator) == (7_000 if delivered else 0)
    assert wallet_balance(buyer) == 10 * CREDIT - (generation.price_micro if delivered else 0)
    assert (held_balance(buyer), sum_of_all_entries()) == (0, 0)

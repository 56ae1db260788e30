"""A batch is ordered whole or not at all, and costs what its images cost alone."""

from dataclasses import replace

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from marketplace.batches.errors import BatchSizeRefused, ItemsRefused
from marketplace.batches.models import Batch
from marketplace.batches.services import cancel_rest, finish_batches, quote_batch, request_batch
from marketplace.errors import Conflict, InvalidInput, NotEnoughCredit
from marketplace.events import Event, announced
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.generation.requests import AdapterChoice
from marketplace.ledger.errors import KeyReusedError
from marketplace.ledger.holds import hold_all, void_all
from marketplace.ledger.selectors import held_balance, sum_of_all_entries, wallet_balance
from marketplace.payouts.parts import SplitLine
from marketplace.rights.services import add_opt_out
from tests.factories.accounts import make_user
from tests.factories.batches import images_of, make_batch
from tests.factories.generation import echo_version, failed, make_request, paid
from tests.factories.ledger import CREDIT, make_buyer

pytestmark = pytest.mark.django_db
COMPUTE = 100


def test_each_image_has_a_hold_of_its_own_and_its_place() -> None:
    buyer, version = make_buyer(10), echo_version()
    batch = request_batch(
        buyer=buyer, requests=[make_request(version, seed=None), make_request(prompt="b"), make_request()]
    )
    rows = images_of(batch)
    assert [row.price_micro for row in rows] == [COMPUTE + 10_000, COMPUTE, COMPUTE]
    assert [row.prompt for row in rows] == [make_request().prompt, "b", make_request().prompt]
    assert [(row.state, row.paced, row.sent_at) for row in rows] == [("queued", True, None)] * 3
    assert [use.version for use in rows[0].adapters.all()] == [version]
    assert (batch.size, batch.price_micro, held_balance(buyer)) == (3, 10_300, 10_300)
    assert (wallet_balance(buyer), sum_of_all_entries()) == (10 * CREDIT - 10_300, 0)


def test_each_is_paid_or_returned_exactly() -> None:
    buyer = make_buyer(1)
    batch = make_batch(buyer, 3)
    first, second, _third = images_of(batch)
    Generation.objects.filter(pk=first.pk).update(state="succeeded")
    paid(first)
    services.failed(failed(second, retryable=False))
    assert (held_balance(buyer), wallet_balance(buyer)) == (COMPUTE, CREDIT - 2 * COMPUTE)
    assert cancel_rest(batch=batch) == 1
    assert (held_balance(buyer), wallet_balance(buyer), sum_of_all_entries()) == (0, CREDIT - COMPUTE, 0)
    assert cancel_rest(batch=batch) == 0
    assert [row.state for row in images_of(batch)] == ["succeeded", "failed", "cancelled"]


def test_not_enough_credit_for_all_orders_none() -> None:
    buyer = make_buyer(2.5 * COMPUTE / CREDIT)
    with pytest.raises(NotEnoughCredit), transaction.atomic():
        make_batch(buyer, 3)
    assert (Batch.objects.count(), Generation.objects.count(), held_balance(buyer)) == (0, 0, 0)


def test_every_item_that_can_not_be_made_is_named_and_none_is_ordered() -> None:
    add_opt_out(name="Hokusai")
    early = make_request()
    requests = [
        make_request(),
        replace(early, prompt=" "),
        replace(early, steps=10_000),
        replace(early, prompt="a wave by Hokusai"),
        replace(early, seed=-1),
        replace(early, adapters=(AdapterChoice(999, 1.0),)),
        replace(early, base_model=""),
    ]
    with pytest.raises(ItemsRefused) as refused:
        request_batch(buyer=make_buyer(), requests=requests)
    assert {path: each.code for path, each in refused.value.refusals.items()} == {
        "items.1.prompt": "prompt_empty",
        "items.2.steps": "out_of_range",
        "items.3.prompt": "opted_out_name",
        "items.4.seed": "out_of_range",
        "items.5.adapters": "unknown_style",
        "items.6.base_model": "unknown_base_model",
    }
    assert not Batch.objects.exists()


@pytest.mark.parametrize("size", [0, 1_001])
def test_a_batch_has_one_to_a_thousand_images(size: int) -> None:
    with pytest.raises(BatchSizeRefused):
        request_batch(buyer=make_buyer(), requests=[make_request()] * size)


def test_a_quote_is_the_sum_of_its_images_and_holds() -> None:
    buyer, version = make_buyer(), echo_version(creator=make_user(display_name="Mara"))
    requests = [make_request(version, prompt=""), make_request(version, seed=9), make_request()]
    quote, token = quote_batch(buyer=buyer, requests=requests)
    assert (quote.size, quote.total_micro) == (3, 20_300)
    assert quote.split == (
        SplitLine("Mara", "creator", 14_000),
        SplitLine("Computation", "compute", 300),
        SplitLine("Irodori", "platform", 6_000),
    )
    version.price_micro = 99_000
    version.save()
    ordered = [replace(request, prompt="fox") for request in requests]
    assert request_batch(buyer=buyer, requests=ordered, quote=token.text).price_micro == 20_300
    with pytest.raises(Conflict):
        request_batch(buyer=buyer, requests=ordered[:2], quote=token.text)
    with pytest.raises(InvalidInput):
        request_batch(buyer=make_buyer(), requests=ordered, quote=token.text)
    assert request_batch(buyer=buyer, requests=ordered).price_micro == 198_300


def test_a_thousand_images_take_no_more_queries_to_check_than_ten(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    buyer, version = make_buyer(2_000), echo_version()
    requests = [make_request(version, prompt=f"fox {number}", seed=number) for number in range(1_000)]
    with django_assert_max_num_queries(160):  # SQLite takes a thousand values in a statement
        batch = request_batch(buyer=buyer, requests=requests)
    assert (batch.items.count(), held_balance(buyer)) == (1_000, 1_000 * (COMPUTE + 10_000))


def test_when_the_last_has_ended_it_is_said_once() -> None:
    batch = make_batch(size=2)
    told: list[Event] = []

    def listen(event: Event, **_: object) -> None:
        told.append(event)

    announced.connect(listen)
    try:
        finish_batches()
        assert told == []
        cancel_rest(batch=batch)
        finish_batches()
        finish_batches()
    finally:
        announced.disconnect(listen)
    assert [event.kind for event in told] == ["generation.cancelled", "generation.cancelled", "batch.finished"]
    assert told[-1] == Event(
        "batch.finished",
        batch.buyer_id,
        {
            "id": str(batch.pk),
            "name": "",
            "size": 2,
            "succeeded": 0,
            "failed": 0,
            "cancelled": 2,
            "paid_micro": 0,
            "currency": "USD",
        },
    )


def test_many_holds_are_posted_once_or_not_at_all() -> None:
    buyer = make_buyer(1)
    with transaction.atomic():
        hold_all(amounts={"a": 3_000, "b": 7_000}, buyer_id=buyer.pk)
    for amounts in ({"b": 1, "c": 1}, {"c": 1}):
        with pytest.raises((KeyReusedError, NotEnoughCredit)), transaction.atomic():
            hold_all(amounts=amounts, buyer_id=buyer.pk)
    with transaction.atomic():
        void_all({"a": "a:end"})
    assert (wallet_balance(buyer), held_balance(buyer), sum_of_all_entries()) == (3_000, 7_000, 0)
    with pytest.raises(KeyReusedError), transaction.atomic():
        void_all({"b": "a:end"})


def test_anothers_batch_does_not_exist() -> None:
    batch, client = make_batch(), Client()
    client.force_login(make_user())
    for path in ("", "/items", "/events"):
        assert client.get(f"/api/v1/batches/{batch.pk}{path}").status_code == 404
    assert client.post(f"/api/v1/batches/{batch.pk}/cancel").status_code == 404

"""Many images as one order, against the real site, blocking and awaited."""

import pytest

from irodori_client import InvalidInputError, NotEnoughCreditError, StyleUse
from irodori_client.composing import Choices
from irodori_client.models import Batch, BatchChoices, BatchOrder
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance
from tests.factories.accounts import make_user
from tests.factories.generation import echo_version, make_request
from tests.factories.ledger import make_buyer
from tests.factories.partners import make_account, make_grant
from tests.factories.playing import give_up
from tests.unit.sdk.conftest import Hub

pytestmark = pytest.mark.django_db


def three(**changes: object) -> BatchOrder:
    make_request()
    style = StyleUse(version=echo_version().pk)
    defaults = BatchChoices(base_model="echo", adapters=(style,), width=64, height=64, steps=4)
    items = (BatchChoices(prompt="a fox", seed=7), BatchChoices(prompt="a hare", adapters=()))
    return BatchOrder.model_validate({"defaults": defaults, "items": items, "prompts": ("a wren",)} | changes)


def test_a_batch_costs_what_was_quoted_and_is_ordered_once(hub: Hub) -> None:
    buyer, order = make_buyer(), three(name="birds and beasts")
    quote = hub.do(buyer, lambda client: client.batches.quote(order))
    assert (quote.size, held_balance(buyer)) == (3, 0)
    named = order.model_copy(update={"quote": quote.quote})
    made = hub.do(buyer, lambda client: client.batches.create(named, idempotency_key="k"))
    assert hub.do(buyer, lambda client: client.batches.create(named, idempotency_key="k")).id == made.id
    assert (made.name, made.price_micro, held_balance(buyer)) == (order.name, quote.total_micro, quote.total_micro)
    assert [batch.id for batch in hub.every(buyer, lambda client: client.batches.all())] == [made.id]
    items = hub.every(buyer, lambda client: client.batches.items(made.id))
    assert [(item.prompt, item.state) for item in items] == [
        ("a fox", "queued"),
        ("a hare", "queued"),
        ("a wren", "queued"),
    ]
    assert Generation.objects.count() == 3


def test_a_batch_under_a_grant_is_quoted_and_ordered_at_its_price(hub: Hub) -> None:
    account = make_account()
    grant = make_grant(account, payment="prepaid", territory=("DE", "JP"))
    style = StyleUse(version=grant.agreement.version_id)
    defaults = BatchChoices(base_model="echo", adapters=(style,), width=64, height=64, steps=4)
    order = BatchOrder(defaults=defaults, prompts=("a fox", "a hare"))
    quote = hub.do(account, lambda client: client.batches.quote(order, grants=[grant.pk]))
    named = order.model_copy(update={"quote": quote.quote})
    made = hub.do(account, lambda client: client.batches.create(named, grants=[grant.pk], territory=["JP"]))
    assert made.price_micro == quote.total_micro == 200
    assert [image.territory for image in grant.images.all()] == [["JP"], ["JP"]]


def test_waiting_ends_when_no_image_is_open(hub: Hub) -> None:
    buyer, order = make_buyer(), three()
    told: list[Batch] = []
    made = hub.do(buyer, lambda client: client.batches.create(order))
    assert hub.do(buyer, lambda client: client.batches.cancel(made.id)).counts.cancelled == 3
    ended = hub.do(buyer, lambda client: client.batches.wait(made.id, progress=told.append))
    assert (ended.is_final, ended.paid_micro, told[-1], held_balance(buyer)) == (True, 0, ended, 0)


def test_results_come_once_each_and_all_of_them(hub: Hub) -> None:
    buyer, order, told = make_buyer(), three(), list[Batch]()
    made = hub.do(buyer, lambda client: client.batches.create(order))
    rounds = iter(("a wren", "a fox", "a hare"))

    def work() -> None:
        give_up(next(rounds, ""))

    came = hub.every(buyer, lambda client: client.batches.results(made.id, progress=told.append), afterwards=work)
    assert sorted((each.number, each.state) for each in came) == [(0, "failed"), (1, "failed"), (2, "failed")]
    assert [each.number for each in came] != [0, 1, 2]
    assert (told[-1].is_final, told[-1].counts.failed) == (True, 3)
    again = hub.every(buyer, lambda client: client.batches.results(made.id))
    assert [each.failure.code for each in again] == ["no_refiner"] * 3
    seen = hub.every(buyer, lambda client: client.batches.stream(made.id))
    assert [each.counts.failed for each in seen] == [3]


def test_all_of_a_batch_is_ordered_or_none(hub: Hub) -> None:
    wrong = three(prompts=("x" * 5000,))
    with pytest.raises(InvalidInputError) as refused:
        hub.do(make_buyer(), lambda client: client.batches.create(wrong))
    assert (refused.value.field or "").startswith("items.2")
    order = three()
    with pytest.raises(NotEnoughCreditError):
        hub.do(make_user(), lambda client: client.batches.create(order))
    assert Generation.objects.exists() is False


def test_an_image_of_a_batch_may_have_whatever_one_by_itself_has() -> None:
    others = Choices.__annotations__.keys() - {"quote"}
    assert BatchChoices.model_fields.keys() == others | {"base_model", "adapters", "prompt"}

"""A request that is sent again under its key has one effect and one answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient
from time_machine import TimeMachineFixture

from marketplace.accounts.models import User
from marketplace.api import keeping, tasks
from marketplace.api.models import SavedAnswer
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance
from marketplace.orders.models import TopUp
from tests.factories.catalogue import echo_base
from tests.factories.ledger import give_credit, make_buyer

pytestmark = pytest.mark.django_db
ORDER = {"base_model": "echo", "prompt": "a harbour at dawn", "width": 64, "height": 64, "steps": 4}
PRICE = 100


@pytest.fixture
def buyer() -> User:
    echo_base()
    return make_buyer(1)


def send(buyer: User, key: str, body: dict[str, Any] = ORDER, address: str = "generations") -> Any:
    client = APIClient()
    client.force_authenticate(buyer)
    return client.post(f"/api/v1/{address}", body, "json", headers={"Idempotency-Key": key})


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_an_order_sent_again_is_one_order_with_the_same_answer(buyer: User) -> None:
    first, again = send(buyer, "one"), send(buyer, "one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.content, first.headers["Location"]) == (again.content, again.headers["Location"])
    assert (Generation.objects.count(), held_balance(buyer)) == (1, PRICE)


def test_another_key_or_none_is_another_order(buyer: User) -> None:
    send(buyer, "one")
    send(buyer, "two")
    client = APIClient()
    client.force_authenticate(buyer)
    client.post("/api/v1/generations", ORDER, "json")
    assert (Generation.objects.count(), SavedAnswer.objects.count()) == (3, 2)


def test_the_same_key_of_another_person_is_another_order(buyer: User) -> None:
    send(buyer, "one")
    assert send(make_buyer(1), "one").status_code == 201
    assert Generation.objects.count() == 2


def test_the_same_key_with_another_body_is_refused_and_has_no_effect(buyer: User) -> None:
    send(buyer, "one")
    assert refusal(send(buyer, "one", ORDER | {"steps": 5})) == (409, "idempotency_key_reused")
    assert (Generation.objects.count(), held_balance(buyer)) == (1, PRICE)


def test_the_same_key_at_another_address_is_refused(buyer: User) -> None:
    send(buyer, "one")
    refused = send(buyer, "one", {"amount_micro": 1_000_000}, "top-ups")
    assert (refusal(refused), TopUp.objects.count()) == ((409, "idempotency_key_reused"), 0)


def test_a_refusal_is_not_kept_so_that_the_key_works_once_its_reason_is_gone() -> None:
    echo_base()
    buyer = make_buyer(0.001)
    assert refusal(send(buyer, "one")) == (402, "not_enough_credit")
    assert SavedAnswer.objects.count() == 0
    give_credit(buyer, 1)
    assert send(buyer, "one").status_code == 201


@pytest.mark.parametrize(("days", "orders", "kept"), [(29, 1, 1), (31, 2, 0)])
def test_an_answer_is_forgotten_after_thirty_days(
    buyer: User, time_machine: TimeMachineFixture, days: int, orders: int, kept: int
) -> None:
    send(buyer, "one")
    time_machine.move_to(timezone.now() + timedelta(days=days))
    tasks.keep()
    assert SavedAnswer.objects.count() == kept
    send(buyer, "one")
    assert Generation.objects.count() == orders


def test_old_answers_are_forgotten_in_parts_and_unfinished_ones_never(
    buyer: User, monkeypatch: pytest.MonkeyPatch, time_machine: TimeMachineFixture
) -> None:
    monkeypatch.setattr(keeping, "AT_ONCE", 2)
    for number in range(5):
        SavedAnswer.objects.create(person=buyer, key=f"{number}", request_sha256="", status=201 if number else None)
    time_machine.move_to(timezone.now() + timedelta(days=31))
    assert keeping.forget_answers(now=timezone.now()) == 2
    tasks.keep()
    assert [answer.key for answer in SavedAnswer.objects.all()] == ["0"]


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "caf\u00e9"])
def test_a_key_that_is_none_is_refused(buyer: User, key: str) -> None:
    assert refusal(send(buyer, key)) == (400, "bad_idempotency_key")
    assert Generation.objects.count() == 0


def test_a_top_up_sent_again_is_one_checkout(buyer: User) -> None:
    body = {"amount_micro": 1_000_000}
    first, again = send(buyer, "one", body, "top-ups"), send(buyer, "one", body, "top-ups")
    assert (first.status_code, again.status_code, first.content == again.content) == (201, 201, True)
    assert TopUp.objects.count() == 1

"""Fault: the same effect asked for 64 times at once. It happens once, and everyone is told the same."""

import json
import time
from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from marketplace.ledger import services as ledger
from marketplace.ledger.errors import KeyReusedError
from marketplace.ledger.models import Transaction
from marketplace.ledger.selectors import wallet_balance
from marketplace.orders.models import TopUp, WebhookEvent
from plugins.sandbox_payments.signature import signed_headers
from tests.e2e.faults.at_once import at_once
from tests.e2e.faults.buyers import ORDER, PRICE_MICRO, Buyer
from tests.e2e.faults.scene import Scene

COPIES = 64
AMOUNT_MICRO = 1_000_000
FIRST_MICRO = 100


def same_key(scene: Scene) -> str:
    rounds = 1 if scene.short else 10
    for number in range(rounds):
        _same_posting(scene, f"top_up:faults:{scene.chance.random()}:{number}")
        _same_webhook(scene)
        _same_order(scene, f"order-{number}")
    return f"{rounds} times {COPIES} postings, webhooks and orders, one effect each"


def _same_posting(scene: Scene, key: str) -> None:
    # With a wallet, for to open one is a step that already waits for the other.
    buyer = scene.buyer(FIRST_MICRO)
    posted = set(at_once([partial(_post, key, buyer, AMOUNT_MICRO)] * COPIES))
    assert len(posted) == 1, f"{key} gave {posted}"
    assert _post(key, buyer, AMOUNT_MICRO + 1) == "refused", f"{key} was taken for another amount"
    _check_once(buyer)


def _post(key: str, buyer: Buyer, amount_micro: int) -> str:
    try:
        with transaction.atomic():
            return str(ledger.top_up(key=key, buyer_id=buyer.user.pk, amount_micro=amount_micro).pk)
    except KeyReusedError:
        return "refused"


def _same_webhook(scene: Scene) -> None:
    buyer = scene.buyer(FIRST_MICRO)
    order = TopUp.objects.create(buyer=buyer.user, provider="sandbox", amount_micro=AMOUNT_MICRO)
    key = f"top_up:{order.pk}"
    body = json.dumps(
        {"kind": "payment.succeeded", "idempotency_key": key, "amount_micro": AMOUNT_MICRO, "currency": "USD"}
    ).encode()
    event = f"faults_{order.pk}"
    headers = signed_headers(_secret(scene), event, int(time.time()), body)

    def deliver() -> int:
        return buyer.session.post("/api/payments/sandbox/webhook", content=body, headers=headers).status_code

    statuses = Counter(at_once([deliver] * COPIES))
    assert statuses == {204: COPIES}, f"the webhook's copies were answered {dict(statuses)}"
    assert WebhookEvent.objects.filter(event_id=event).count() == 1
    assert Transaction.objects.filter(key=key).count() == 1
    _check_once(buyer)


def _same_order(scene: Scene, key: str) -> None:
    buyer = scene.buyer(COPIES * PRICE_MICRO)

    def send(**changes: Any) -> tuple[int, str]:
        answer = buyer.session.post("/api/v1/generations", json=ORDER | changes, headers={"Idempotency-Key": key})
        return answer.status_code, answer.text

    answers = set(at_once([send] * COPIES))
    assert len(answers) == 1, f"one key was answered in {len(answers)} ways: {answers}"
    ((status, body),) = answers
    assert status == 201, f"the order was answered {status}: {body}"
    assert send(steps=5)[0] == 409, "the key was taken for another order"
    buyer.promised.append(UUID(json.loads(body)["id"]))
    assert [order.pk for order in buyer.user.generations.all()] == buyer.promised


def _check_once(buyer: Buyer) -> None:
    paid = wallet_balance(buyer.user)
    assert paid == FIRST_MICRO + AMOUNT_MICRO, f"the wallet has {paid}"


def _secret(scene: Scene) -> str:
    config: dict[str, dict[str, str]] = json.loads(scene.hub.env["HUB_PLUGIN_CONFIG"])
    return config["sandbox_payments"]["webhook_secret"]

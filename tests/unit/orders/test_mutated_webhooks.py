"""A thousand webhooks, each a genuine one with something altered: none is accepted, stored or paid."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import pytest
from django.test import Client

from marketplace.ledger.models import Transaction
from marketplace.orders.models import TopUp, WebhookEvent
from marketplace.orders.services import start_top_up
from plugins.sandbox_payments.plugin import SandboxConfig
from plugins.sandbox_payments.signature import ID, SIGNATURE, TIMESTAMP, TOLERANCE_SECONDS, signed_headers
from tests.factories.accounts import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.long]
ADDRESS = "/api/payments/sandbox/webhook"
MUTANTS = 1_000
VISIBLE = [chr(code) for code in range(0x21, 0x7F)]


@dataclass(frozen=True)
class Message:
    event_id: str
    timestamp: str
    signature: str
    body: bytes

    def send(self) -> int:
        headers = {ID: self.event_id, TIMESTAMP: self.timestamp, SIGNATURE: self.signature}
        return Client().post(ADDRESS, self.body, "application/json", headers=headers).status_code


Mutation = Callable[[Random, Message, Message], Message]


def genuine(top_up: TopUp, event_id: str, age: int = 0) -> Message:
    event = {
        "kind": "payment.succeeded",
        "idempotency_key": f"top_up:{top_up.pk}",
        "amount_micro": top_up.amount_micro,
        "currency": "USD",
    }
    body = json.dumps(event).encode()
    headers = signed_headers(SandboxConfig().webhook_secret, event_id, int(time.time()) - age, body)
    return Message(headers[ID], headers[TIMESTAMP], headers[SIGNATURE], body)


def flip_a_bit(random: Random, message: Message, _: Message) -> Message:
    place, bit = random.randrange(len(message.body)), 1 << random.randrange(8)
    body = bytearray(message.body)
    body[place] ^= bit
    return replace(message, body=bytes(body))


def cut_the_body(random: Random, message: Message, _: Message) -> Message:
    return replace(message, body=message.body[: random.randrange(len(message.body))])


def add_to_the_body(random: Random, message: Message, _: Message) -> Message:
    place = random.randrange(len(message.body) + 1)
    return replace(message, body=message.body[:place] + random.choice([b" ", b"0", b"}", b"\0"]) + message.body[place:])


def raise_the_amount(random: Random, message: Message, _: Message) -> Message:
    event = json.loads(message.body) | {"amount_micro": random.randrange(1, 10**9) * 10_000_003}
    return replace(message, body=json.dumps(event).encode())


def another_letter(text: str, random: Random) -> str:
    place = random.randrange(len(text))
    return text[:place] + random.choice([one for one in VISIBLE if one != text[place]]) + text[place + 1 :]


def alter_the_signature(random: Random, message: Message, _: Message) -> Message:
    return replace(message, signature=another_letter(message.signature, random))


def cut_the_signature(random: Random, message: Message, _: Message) -> Message:
    return replace(message, signature=message.signature[: random.randrange(len(message.signature))])


def alter_the_id(random: Random, message: Message, _: Message) -> Message:
    return replace(message, event_id=another_letter(message.event_id, random))


def alter_the_time(random: Random, message: Message, _: Message) -> Message:
    moved = random.choice([-1, 1]) * random.randrange(1, TOLERANCE_SECONDS)
    return replace(message, timestamp=str(int(message.timestamp) + moved))


def write_the_time_otherwise(random: Random, message: Message, _: Message) -> Message:
    # Each reads as the same moment, or as one, to a careless parser.
    written = random.choice(["0{}", "+{}", "{}.0", " {}", "{}e0", "-{}", "{}_0"])
    return replace(message, timestamp=written.format(message.timestamp))


def move_the_dot(random: Random, message: Message, _: Message) -> Message:
    """The signed text stays the same, and its parts mean something else."""
    place = random.randrange(1, len(message.timestamp))
    head, tail = message.timestamp[:place], message.timestamp[place:]
    return random.choice(
        [
            replace(message, event_id=f"{message.event_id}.{message.timestamp}", timestamp=""),
            replace(message, timestamp=head, body=tail.encode() + b"." + message.body),
        ]
    )


def take_anothers(random: Random, message: Message, other: Message) -> Message:
    """One part of a genuine message, the rest of another genuine one."""
    part = random.choice(["event_id", "signature", "body"])
    return replace(message, **{part: getattr(other, part)})


MUTATIONS: list[Mutation] = [
    flip_a_bit,
    cut_the_body,
    add_to_the_body,
    raise_the_amount,
    alter_the_signature,
    cut_the_signature,
    alter_the_id,
    alter_the_time,
    write_the_time_otherwise,
    move_the_dot,
    take_anothers,
]


def order() -> TopUp:
    urls = {"return_url": "http://testserver/wallet", "webhook_url": f"http://testserver{ADDRESS}"}
    buyer = make_user()
    start_top_up(buyer=buyer, amount_micro=10_000_000, **urls)
    return TopUp.objects.get(buyer=buyer)


def test_none_of_a_thousand_altered_webhooks_is_accepted() -> None:
    message, other = genuine(order(), "evt_1"), genuine(order(), "evt_2")
    random = Random(20_261_126)
    accepted = []
    for number in range(MUTANTS):
        mutation = MUTATIONS[number % len(MUTATIONS)]
        mutant = mutation(random, message, other)
        assert mutant != message, mutation.__name__
        if mutant.send() != 400:
            accepted.append((mutation.__name__, mutant))
    assert accepted == []
    assert (WebhookEvent.objects.count(), Transaction.objects.count()) == (0, 0)
    # What was altered would have paid: the genuine ones do.
    assert (message.send(), other.send(), Transaction.objects.count()) == (204, 204, 2)


def test_a_genuine_webhook_that_comes_late_or_again_pays_nothing_more() -> None:
    top_up = order()
    assert genuine(top_up, "evt_late", age=TOLERANCE_SECONDS + 1).send() == 400
    message = genuine(top_up, "evt_1")
    assert {message.send() for _ in range(10)} == {204}
    assert (WebhookEvent.objects.count(), Transaction.objects.count()) == (1, 1)

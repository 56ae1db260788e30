"""Buyers who order over HTTP with a token, and remember what the site promised them."""

from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from uuid import UUID

import httpx
from django.db import transaction

from marketplace.accounts.models import User
from marketplace.accounts.tokens import create_token
from marketplace.ledger import services as ledger
from tests.factories.accounts import make_user
from tests.factories.catalogue import echo_base

PATIENCE_S = 60.0
PRICE_MICRO = 100
ORDER: dict[str, Any] = {"base_model": "echo", "prompt": "a harbour at dawn", "width": 64, "height": 64, "steps": 4}


@dataclass
class Buyer:
    """`promised` are the ids of the orders that the site said it has taken; `waiting` wait for their answers."""

    user: User
    session: httpx.Client
    promised: list[UUID] = field(default_factory=list)
    waiting: list[Thread] = field(default_factory=list)

    def order(self, key: str = "", **changes: Any) -> int:
        """The status of the answer; 0 where there was none, because the site died over it."""
        headers = {"Idempotency-Key": key} if key else {}
        try:
            answer = self.session.post("/api/v1/generations", json=ORDER | changes, headers=headers)
        except httpx.TransportError:
            return 0
        if answer.status_code == 201:
            self.promised.append(UUID(answer.json()["id"]))
        return answer.status_code

    def order_later(self, prompt: str) -> None:
        """Send an order, its prompt as its key, and go on at once."""
        thread = Thread(target=self.order, args=(key_of(prompt),), kwargs={"prompt": prompt})
        thread.start()
        self.waiting.append(thread)

    def wait_for_answers(self) -> None:
        for thread in self.waiting:
            thread.join()
        self.waiting.clear()


def key_of(prompt: str) -> str:
    return prompt.replace(" ", "-")


def newcomer(url: str, credit_micro: int) -> Buyer:
    """A person with a token and this much in the wallet."""
    echo_base()
    user = make_user()
    if credit_micro:
        with transaction.atomic():
            ledger.top_up(key=f"top_up:faults:{user.pk}", buyer_id=user.pk, amount_micro=credit_micro)
    _, token = create_token(user=user)
    # A connection per order: one that is kept may be to a site that has died since.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    headers = {"Authorization": f"Bearer {token}"}
    return Buyer(user, httpx.Client(base_url=url, headers=headers, limits=limits, timeout=PATIENCE_S, trust_env=False))

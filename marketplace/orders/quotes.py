"""A price that holds: what a buyer was told is what a buyer is charged, for a quarter of an hour.

A quote is its own signed token, so nothing is stored for those who only look. It names the buyer, what is bought and what
it costs; whoever alters it, waits too long or orders something else with it is refused.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.errors import Conflict, InvalidInput

LIFE = timedelta(minutes=15)
SALT = "marketplace.orders.quotes"


@dataclass(frozen=True)
class Promise:
    """`item` tells what is bought, exactly; `price` is what it costs, in the words of whoever sells it."""

    buyer_id: int
    item: str
    price: dict[str, Any]


@dataclass(frozen=True)
class Token:
    text: str
    expires_at: datetime


def sign(promise: Promise) -> Token:
    payload = {"b": promise.buyer_id, "i": promise.item, "p": promise.price}
    return Token(signing.dumps(payload, salt=SALT, compress=True), timezone.now() + LIFE)


def read(token: str, *, buyer_id: int) -> Promise:
    """Raises Conflict for a quote that is over, InvalidInput for one that is not ours or another's."""
    try:
        payload = signing.loads(token, salt=SALT, max_age=LIFE)
    except signing.SignatureExpired as error:
        raise Conflict(_("This price is no longer valid. Ask for a new one."), code="quote_expired") from error
    except signing.BadSignature as error:
        raise unknown() from error
    if payload["b"] != buyer_id:
        raise unknown()
    return Promise(payload["b"], payload["i"], payload["p"])


def read_for(token: str, *, buyer_id: int, item: str) -> dict[str, Any]:
    """The price that was promised for this very item. Raises Conflict where it was promised for another."""
    promise = read(token, buyer_id=buyer_id)
    if promise.item != item:
        raise Conflict(_("This price is for something else. Ask for a new one."), code="quote_of_something_else")
    return promise.price


def unknown() -> InvalidInput:
    return InvalidInput(_("This price is not one of ours. Ask for a new one."), code="quote_unknown", field="quote")

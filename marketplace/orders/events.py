"""What a payment event means for an order. Pure."""

from enum import StrEnum
from uuid import UUID

from marketplace.orders.models import TopUp, WebhookEvent

PAID_KIND = "payment.succeeded"
KEY_PREFIX = "top_up:"


class Outcome(StrEnum):
    """What was done about an event; stored with it."""

    PAID = "paid"
    ALREADY_PAID = "already_paid"
    UNKNOWN_ORDER = "unknown_order"
    WRONG_AMOUNT = "wrong_amount"
    IGNORED = "ignored"


def top_up_key(top_up: TopUp) -> str:
    """The order's name at the provider and in the ledger: paying it twice pays it once."""
    return f"{KEY_PREFIX}{top_up.pk}"


def top_up_id(order_key: str) -> UUID | None:
    if not order_key.startswith(KEY_PREFIX):
        return None
    try:
        return UUID(order_key.removeprefix(KEY_PREFIX))
    except ValueError:
        return None


def outcome_of(event: WebhookEvent, top_up: TopUp | None) -> Outcome:
    if event.kind != PAID_KIND:
        return Outcome.IGNORED
    if top_up is None:
        return Outcome.UNKNOWN_ORDER
    if (event.amount_micro, event.currency) != (top_up.amount_micro, top_up.currency):
        return Outcome.WRONG_AMOUNT
    return Outcome.ALREADY_PAID if top_up.state == TopUp.State.PAID else Outcome.PAID

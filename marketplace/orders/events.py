"""What a payment event means for an order. Pure."""

from enum import StrEnum
from uuid import UUID

from marketplace.orders.models import TopUp, WebhookEvent

PAID_KIND = "payment.succeeded"
DISPUTED_KIND = "payment.disputed"
WON_KIND = "dispute.won"  # by the hub: the buyer's bank gives it back
LOST_KIND = "dispute.lost"
KEY_PREFIX = "top_up:"


ORDER: list[str] = [TopUp.State.PENDING, TopUp.State.PAID, TopUp.State.DISPUTED, TopUp.State.CHARGED_BACK]


class Outcome(StrEnum):
    """What was done about an event; stored with it."""

    PAID = "paid"
    ALREADY_PAID = "already_paid"
    DISPUTED = "disputed"
    WON = "won"
    LOST = "lost"
    REPEATED = "repeated"
    TOO_EARLY = "too_early"
    UNKNOWN_ORDER = "unknown_order"
    WRONG_AMOUNT = "wrong_amount"
    IGNORED = "ignored"


# What each later event presupposes, and what was then done.
STEPS: dict[str, tuple[str, Outcome]] = {
    DISPUTED_KIND: (TopUp.State.PAID, Outcome.DISPUTED),
    WON_KIND: (TopUp.State.DISPUTED, Outcome.WON),
    LOST_KIND: (TopUp.State.DISPUTED, Outcome.LOST),
}


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


def dispute_key(top_up: TopUp, won_before: int) -> str:
    """Of the dispute in hand: a payment may be called back again after the bank has decided for the hub."""
    again = f":{won_before + 1}" if won_before else ""
    return f"dispute:{top_up.pk}{again}"


def outcome_of(event: WebhookEvent, top_up: TopUp | None) -> Outcome:
    if event.kind not in {PAID_KIND, *STEPS}:
        return Outcome.IGNORED
    if top_up is None:
        return Outcome.UNKNOWN_ORDER
    if (event.amount_micro, event.currency) != (top_up.amount_micro, top_up.currency):
        return Outcome.WRONG_AMOUNT
    if event.kind == PAID_KIND:
        return Outcome.PAID if top_up.state == TopUp.State.PENDING else Outcome.ALREADY_PAID
    before, outcome = STEPS[event.kind]
    if top_up.state == before:
        return outcome
    # Events come in any order: what a later event presupposes will come yet.
    return Outcome.TOO_EARLY if ORDER.index(top_up.state) < ORDER.index(before) else Outcome.REPEATED

"""The money of one generation: held when ordered, then captured or returned, once."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from marketplace.generation.models import Generation
from marketplace.generation.pricing import payees_of
from marketplace.ledger import services as ledger

# No picture takes so long: whoever has not been served by then gets the credit back.
HOLD_LIFE = timedelta(hours=24)


def generation_of(key: str) -> UUID | None:
    """The generation that a ledger key is about; None where it is about something else."""
    subject, _, rest = key.partition(":")
    return UUID(rest.partition(":")[0]) if subject == "generation" else None


def hold(generation: Generation) -> None:
    """Raises NotEnoughCredit."""
    if generation.price_micro:
        assert generation.buyer_id is not None  # noqa: S101 - narrows the type; only what is free has no buyer
        ledger.hold(
            key=_hold_key(generation),
            buyer_id=generation.buyer_id,
            amount_micro=generation.price_micro,
            currency=generation.currency,
            expires_at=timezone.now() + HOLD_LIFE,
        )


def hold_all(generations: Sequence[Generation]) -> None:
    """Of one buyer, in one currency. Raises NotEnoughCredit where the wallet does not hold all of it."""
    priced = [generation for generation in generations if generation.price_micro]
    if priced:
        assert priced[0].buyer_id is not None  # noqa: S101 - as above
        ledger.hold_all(
            amounts={_hold_key(generation): generation.price_micro for generation in priced},
            buyer_id=priced[0].buyer_id,
            currency=priced[0].currency,
            expires_at=timezone.now() + HOLD_LIFE,
        )


def capture(generation: Generation) -> None:
    """Pay everyone their part of the hold."""
    if generation.price_micro:
        ledger.settle(key=settle_key(generation), hold_key=_hold_key(generation), payees=payees_of(generation))


def release(generation: Generation) -> None:
    """Return the hold to the buyer."""
    if generation.price_micro:
        ledger.void(key=settle_key(generation), hold_key=_hold_key(generation))


def release_all(generations: Sequence[Generation]) -> None:
    """Return their holds, whosever they are."""
    keys = {_hold_key(generation): settle_key(generation) for generation in generations if generation.price_micro}
    if keys:
        ledger.void_all(keys)


def _hold_key(generation: Generation) -> str:
    return f"generation:{generation.pk}:hold"


def settle_key(generation: Generation) -> str:
    # One key for both endings: a hold that was captured can't be returned, nor the other way round.
    return f"generation:{generation.pk}:settle"

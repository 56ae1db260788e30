"""Orders pictures, and says as the API does that the credit for them is not there."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.dialects import ordering
from marketplace.dialects.errors import Refused
from marketplace.errors import NotEnoughCredit
from marketplace.generation.models import Generation
from marketplace.generation.permits import Permit
from marketplace.generation.requests import GenerationRequest
from marketplace.ledger.money import MICRO_PER_UNIT
from marketplace.ledger.selectors import wallet_balance


def order(*, buyer: User, requests: Sequence[GenerationRequest], permit: Permit | None = None) -> list[Generation]:
    """Raises what `request_generation` raises, and then nothing is held."""
    try:
        return ordering.order(buyer=buyer, requests=requests, permit=permit)
    except NotEnoughCredit as error:
        message = _(
            "Your organization does not have enough balance to request this action (need $%(need)s, have $0 in active "
            "grants, $%(have)s in balance)."
        ) % {
            "need": _dollars(ordering.price_of(buyer=buyer, requests=requests, permit=permit)),
            "have": _dollars(wallet_balance(buyer)),
        }
        raise Refused("insufficient_balance", message) from error


def _dollars(micro: int) -> str:
    return f"{micro / MICRO_PER_UNIT:.6f}".rstrip("0").rstrip(".")

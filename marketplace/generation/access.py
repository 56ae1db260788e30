"""New versions that are shown to some before everyone else."""

from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.generation.validation import Order
from marketplace.orders.releases import refuse_before_release


def refuse_what_is_not_released(buyer: User, order: Order) -> None:
    """Raises NotAllowed for a version whose channel has not opened for this buyer."""
    now = timezone.now()
    for style in order.styles:
        refuse_before_release(buyer, style.version, by_program=order.by_program, now=now)

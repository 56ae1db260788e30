"""New versions that a creator shows to subscribers before everyone else."""

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.errors import NotAllowed
from marketplace.generation.validation import Order
from marketplace.orders.selectors import is_subscribed


def refuse_what_is_not_public_yet(buyer: User, order: Order) -> None:
    """Raises NotAllowed for a version in early access, unless the buyer made it or subscribes to its creator."""
    now = timezone.now()
    for style in order.styles:
        creator = style.version.style.creator
        if not style.version.is_public(now) and buyer != creator and not is_subscribed(buyer, creator, now):
            raise NotAllowed(
                _("“%(title)s” is for %(creator)s’s subscribers until %(date)s. Subscribe, or come back then.")
                % {
                    "title": style.version.style.title,
                    "creator": creator.display_name,
                    "date": style.version.public_from.date().isoformat() if style.version.public_from else "",
                },
                code="subscribers_first",
                field="adapters",
            )

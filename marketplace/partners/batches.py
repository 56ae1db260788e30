"""What grants change about a batch: each image is made under those of its own styles, and all count at once or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter

from marketplace.accounts.models import User
from marketplace.errors import InvalidInput
from marketplace.generation.models import Generation
from marketplace.generation.validation import Order
from marketplace.partners.accounts import partner_for
from marketplace.partners.counting import Licensed, count
from marketplace.partners.models import Grant, Partner
from marketplace.partners.permits import (
    GRANT,
    TERRITORY,
    GrantPermit,
    asked_territory,
    named_grants,
    refuse_a_territory_alone,
    shared_territory,
)
from marketplace.partners.territory import Territory

MOST_GRANTS = 20
PARAMETERS = [
    OpenApiParameter(
        GRANT,
        str,
        OpenApiParameter.HEADER,
        description="For organisations: the grants of all styles in the batch, comma-separated. Each image is made under "
        "those of its own styles.",
    ),
    OpenApiParameter(
        TERRITORY,
        str,
        OpenApiParameter.HEADER,
        description="Where all of them are to be used: country codes, comma-separated; wherever the grants of each hold "
        "if left out.",
    ),
]


@dataclass(frozen=True)
class GrantPermits:
    """Grants of one partner by the versions that they license, and where the images are to be used."""

    partner: Partner
    grants: Mapping[int, Grant]
    asked: Territory

    def of(self, versions: tuple[int, ...]) -> GrantPermit:
        """Raises NotAllowed where its grants share no country; what they don't cover, the permit itself refuses."""
        grants = tuple(self.grants[version] for version in versions if version in self.grants)
        return GrantPermit(self.partner, grants, shared_territory(self.partner, grants, self.asked))

    def use_together(self, images: Sequence[tuple[Generation, Order]]) -> None:
        """Raises Conflict at a limit, and for what ended meanwhile."""
        permits = [self.of(tuple(style.version.pk for style in order.styles)) for _row, order in images]
        count(
            self.partner,
            [
                Licensed(generation, permit.grants, permit.territory)
                for (generation, _order), permit in zip(images, permits, strict=True)
            ],
        )


def permits_of(account: User, headers: Mapping[str, str]) -> GrantPermits | None:
    """None where no grant is named. Raises InvalidInput (also for a territory without one), NotAllowed (no partner),
    NotFound or Conflict.
    """
    named = headers.get(GRANT, "").strip()
    if not named:
        refuse_a_territory_alone(headers)
        return None
    partner = partner_for(account)
    grants = named_grants(partner, named, MOST_GRANTS)
    by_version = {grant.agreement.version_id: grant for grant in grants}
    if len(by_version) < len(grants):
        message = _("Two of these grants are for the same version. Name one of them, or order two batches.")
        raise InvalidInput(message, code="bad_grant")
    return GrantPermits(partner, by_version, asked_territory(headers))

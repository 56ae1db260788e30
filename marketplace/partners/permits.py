"""What a grant changes about an order of an image: whether it may be made, what its style costs, what it counts against.

An order names its grants in the header `Irodori-Grant`, and with `Irodori-Territory` where the image is to be used.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter

from marketplace.accounts.models import User
from marketplace.errors import InvalidInput, NotAllowed
from marketplace.generation.models import Generation
from marketplace.generation.validation import Order
from marketplace.partners.accounts import partner_for
from marketplace.partners.counting import Licensed, count, refuse_ended
from marketplace.partners.models import Grant, Partner
from marketplace.partners.selectors import own_grants
from marketplace.partners.territory import Territory, common, within
from marketplace.partners.wanted import checked_territory

GRANT, TERRITORY = "Irodori-Grant", "Irodori-Territory"
MOST_GRANTS = 4
SEPARATOR = re.compile(r"[,\s]+")
PARAMETERS = [
    OpenApiParameter(
        GRANT,
        str,
        OpenApiParameter.HEADER,
        description="For organisations: the grants that the image is made under, one for each of its styles, comma-separated.",
    ),
    OpenApiParameter(
        TERRITORY,
        str,
        OpenApiParameter.HEADER,
        description="Where it is to be used: country codes, comma-separated; wherever its grants hold if left out.",
    ),
]


@dataclass(frozen=True)
class GrantPermit:
    """Grants of one partner, and the territory that they share with what was asked for."""

    partner: Partner
    grants: tuple[Grant, ...]
    territory: Territory

    @property
    def name(self) -> str:
        """Quotes are for an order under these very grants."""
        return ",".join(sorted(str(grant.pk) for grant in self.grants))

    def style_prices(self, order: Order) -> Mapping[int, int]:
        """By version: nothing where its images are paid. Raises NotAllowed or Conflict where the grants don't cover it."""
        _refuse_what_they_do_not_cover(self.grants, order)
        return {grant.agreement.version_id: _due(grant) for grant in self.grants}

    def use(self, generation: Generation) -> None:
        """Count it against every limit. Runs in the transaction that saves the order.

        Raises Conflict at a limit, and for what ended meanwhile.
        """
        count(self.partner, [Licensed(generation, self.grants, self.territory)])


def permit_of(account: User, headers: Mapping[str, str]) -> GrantPermit | None:
    """None where no grant is named. Raises InvalidInput (also for a territory without one), NotAllowed (no partner, territory),
    NotFound or Conflict."""
    named = headers.get(GRANT, "").strip()
    if not named:
        refuse_a_territory_alone(headers)
        return None
    partner = partner_for(account)
    grants = named_grants(partner, named, MOST_GRANTS)
    return GrantPermit(partner, grants, shared_territory(partner, grants, asked_territory(headers)))


def named_grants(partner: Partner, named: str, most: int) -> tuple[Grant, ...]:
    """In the order of their names, all in force. Raises InvalidInput, NotFound or Conflict."""
    grants, now = own_grants(partner, _ids(named, most)), timezone.now()
    for grant in grants:
        refuse_ended(grant, now)
    return tuple(grants)


def asked_territory(headers: Mapping[str, str]) -> Territory:
    """Raises InvalidInput."""
    return checked_territory(_parts(headers.get(TERRITORY, "")))


def shared_territory(partner: Partner, grants: Sequence[Grant], asked: Territory) -> Territory:
    """Where an image may be used: what was asked for, or all that grants and partner have in common. Raises NotAllowed."""
    shared: Territory | None = tuple(partner.territories)
    for grant in grants:
        shared = None if shared is None else common(shared, grant.agreement.territory)
    if shared is None or not (not asked or within(asked, shared)):
        message = _("Your grants don't hold there. Name other countries, or other grants.")
        raise NotAllowed(message, code="territory_not_granted")
    return asked or shared


def refuse_a_territory_alone(headers: Mapping[str, str]) -> None:
    """Or somebody would take the image for licensed there."""
    if headers.get(TERRITORY, "").strip():
        message = _("A territory is of a grant. Name the grants in %(grant)s too, or leave %(territory)s out.")
        raise InvalidInput(message % {"grant": GRANT, "territory": TERRITORY}, code="territory_without_grant")


def _ids(named: str, most: int) -> list[UUID]:
    try:
        ids = list(dict.fromkeys(UUID(part) for part in _parts(named)))
    except ValueError as error:
        raise InvalidInput(_("Irodori-Grant holds ids of grants, comma-separated."), code="bad_grant") from error
    if len(ids) > most:
        raise InvalidInput(_("Name at most %d grants in an order.") % most, code="bad_grant")
    return ids


def _refuse_what_they_do_not_cover(grants: Sequence[Grant], order: Order) -> None:
    granted = sorted(grant.agreement.version_id for grant in grants)
    if not granted or granted != sorted(style.version.pk for style in order.styles):
        message = _("Name one grant for each style of the image, and no other.")
        raise NotAllowed(message, code="grant_does_not_cover", field="adapters")
    needed = [
        name for name, asked in (("merging", len(grants) > 1), ("resale_through_partners", order.resale)) if asked
    ]
    for grant in grants:
        for name in needed:
            if name not in grant.agreement.permissions:
                message = _("Your grant does not permit “%(name)s”. Ask for a quote that does.") % {"name": name}
                raise NotAllowed(message, code="permission_not_granted")


def _due(grant: Grant) -> int:
    return 0 if grant.agreement.is_prepaid else grant.agreement.unit_price_micro


def _parts(text: str) -> list[str]:
    return [part for part in SEPARATOR.split(text) if part]

"""What a grant changes about an order of an image: whether it may be made, what its style costs, what it counts against.

An order names its grants in the header `Irodori-Grant`, and with `Irodori-Territory` where the image is to be used.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter

from marketplace.accounts.models import User
from marketplace.errors import Conflict, InvalidInput, NotAllowed
from marketplace.generation.models import Generation
from marketplace.generation.validation import Order
from marketplace.partners import announcements, limits
from marketplace.partners.accounts import partner_for
from marketplace.partners.locks import locked
from marketplace.partners.models import Grant, LicensedImage, Partner
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
        """Count it against every limit, one order of this partner after the other.

        Runs in the transaction that saves the order. Raises Conflict at a limit, and for what ended meanwhile.
        """
        now = timezone.now()
        partner = locked(self.partner)
        for grant in own_grants(partner, [grant.pk for grant in self.grants]):
            _refuse_ended(grant, now)
            limits.refuse_beyond_the_grant(grant)
        before = limits.used(partner, now)
        limits.refuse_one_image_more(partner, before)
        limits.refuse_beyond_the_cap(partner, before, generation.price_micro)
        self._record(generation, now)
        _announce_limits(partner, self.grants, before)

    def _record(self, generation: Generation, now: datetime) -> None:
        prepaid = sum(grant.agreement.unit_price_micro for grant in self.grants if grant.agreement.is_prepaid)
        image = LicensedImage.objects.create(
            generation=generation,
            partner=self.partner,
            territory=list(self.territory),
            prepaid_micro=prepaid,
            ordered_at=now,
        )
        image.grants.set(self.grants)


def permit_of(account: User, headers: Mapping[str, str]) -> GrantPermit | None:
    """None where no grant is named. Raises InvalidInput, NotAllowed (no partner, territory), NotFound or Conflict."""
    named = headers.get(GRANT, "").strip()
    if not named:
        return None
    partner = partner_for(account)
    grants = own_grants(partner, _ids(named))
    now = timezone.now()
    for grant in grants:
        _refuse_ended(grant, now)
    return GrantPermit(partner, tuple(grants), _territory(partner, grants, _parts(headers.get(TERRITORY, ""))))


def refuse_grants(headers: Mapping[str, str]) -> None:
    """Where an order can't be under a grant, so that nobody takes it for licensed. Raises InvalidInput."""
    if headers.get(GRANT, "").strip():
        message = _(
            "Images under a grant are ordered one by one, so that each counts against it. Leave %(header)s out."
        )
        raise InvalidInput(message % {"header": GRANT}, code="grants_one_by_one")


def _ids(named: str) -> list[UUID]:
    try:
        ids = list(dict.fromkeys(UUID(part) for part in _parts(named)))
    except ValueError as error:
        raise InvalidInput(_("Irodori-Grant holds ids of grants, comma-separated."), code="bad_grant") from error
    if len(ids) > MOST_GRANTS:
        raise InvalidInput(_("An image is made under at most %d grants.") % MOST_GRANTS, code="bad_grant")
    return ids


def _territory(partner: Partner, grants: Sequence[Grant], asked: Sequence[str]) -> Territory:
    """Where the image may be used: what was asked for, or all that grants and partner have in common."""
    shared: Territory | None = tuple(partner.territories)
    for grant in grants:
        shared = None if shared is None else common(shared, grant.agreement.territory)
    wanted = checked_territory(asked)
    if shared is None or not (not wanted or within(wanted, shared)):
        message = _("Your grants don't hold there. Name other countries, or other grants.")
        raise NotAllowed(message, code="territory_not_granted")
    return wanted or shared


def _refuse_ended(grant: Grant, now: datetime) -> None:
    if grant.revoked_at is not None:
        message = _("This grant was revoked: %(reason)s") % {"reason": grant.revoked_reason}
        raise Conflict(message, code="grant_revoked")
    if now >= grant.agreement.ends_at:
        raise Conflict(_("This grant has ended. Ask for a new quote."), code="grant_expired")


def _refuse_what_they_do_not_cover(grants: Sequence[Grant], order: Order) -> None:
    granted = sorted(grant.agreement.version_id for grant in grants)
    if granted != sorted(style.version.pk for style in order.styles):
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


def _announce_limits(partner: Partner, grants: Sequence[Grant], before: limits.Used) -> None:
    if before.images_today + 1 == partner.images_per_day:
        announcements.quota_reached(partner, "day", partner.images_per_day)
    if before.images_this_month + 1 == partner.images_per_month:
        announcements.quota_reached(partner, "month", partner.images_per_month)
    for grant in grants:
        if limits.images_under(grant) == grant.agreement.images:
            announcements.grant_used_up(grant)


def _parts(text: str) -> list[str]:
    return [part for part in SEPARATOR.split(text) if part]

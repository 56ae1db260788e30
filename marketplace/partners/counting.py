"""Counts images under grants against every limit, one order of a partner after the other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.errors import Conflict
from marketplace.generation.models import Generation
from marketplace.partners import announcements, limits
from marketplace.partners.locks import locked
from marketplace.partners.models import Grant, LicensedImage, Partner
from marketplace.partners.selectors import own_grants
from marketplace.partners.territory import Territory

# SQLite takes no more values in one statement.
AT_ONCE = 500


@dataclass(frozen=True)
class Licensed:
    """An image to be made, the grants that it is made under, and where it may be used."""

    generation: Generation
    grants: tuple[Grant, ...]
    territory: Territory


def count(partner: Partner, images: Sequence[Licensed]) -> None:
    """All of them, or none. Runs in the transaction that saves the order.

    Raises Conflict at a limit, and for what ended meanwhile.
    """
    partner = locked(partner)
    # Not before: whoever waited for the lock may find a grant over and paid back.
    now = timezone.now()
    more = Counter(grant.pk for image in images for grant in image.grants)
    grants = own_grants(partner, list(more))
    _refuse_beyond_the_grants(grants, more, now)
    before = limits.used(partner, now)
    limits.refuse_beyond_the_quotas(partner, before, len(images))
    limits.refuse_beyond_the_cap(partner, before, sum(image.generation.price_micro for image in images))
    _record(partner, images, now)
    _announce_limits(partner, grants, before, len(images))


def refuse_ended(grant: Grant, now: datetime) -> None:
    """Raises Conflict."""
    if grant.revoked_at is not None:
        message = _("This grant was revoked: %(reason)s") % {"reason": grant.revoked_reason}
        raise Conflict(message, code="grant_revoked")
    if now >= grant.agreement.ends_at:
        raise Conflict(_("This grant has ended. Ask for a new quote."), code="grant_expired")


def _refuse_beyond_the_grants(grants: Sequence[Grant], more: Mapping[UUID, int], now: datetime) -> None:
    for grant in grants:
        refuse_ended(grant, now)
        limits.refuse_beyond_the_grant(grant, more[grant.pk])


def _record(partner: Partner, images: Sequence[Licensed], now: datetime) -> None:
    rows = [
        LicensedImage(
            generation=image.generation,
            partner=partner,
            territory=list(image.territory),
            prepaid_micro=sum(grant.agreement.unit_price_micro for grant in image.grants if grant.agreement.is_prepaid),
            ordered_at=now,
        )
        for image in images
    ]
    LicensedImage.objects.bulk_create(rows, batch_size=AT_ONCE)
    under = LicensedImage.grants.through
    links = [
        under(licensedimage_id=image.generation.pk, grant_id=grant.pk) for image in images for grant in image.grants
    ]
    under.objects.bulk_create(links, batch_size=AT_ONCE)


def _announce_limits(partner: Partner, grants: Sequence[Grant], before: limits.Used, more: int) -> None:
    if before.images_today + more == partner.images_per_day:
        announcements.quota_reached(partner, "day", partner.images_per_day)
    if before.images_this_month + more == partner.images_per_month:
        announcements.quota_reached(partner, "month", partner.images_per_month)
    for grant in grants:
        if limits.images_under(grant) == grant.agreement.images:
            announcements.grant_used_up(grant)

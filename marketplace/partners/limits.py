"""How much a partner has used of what it may, counted from the rows themselves while the partner's row is locked.

Nothing is counted twice or forgotten: there is no counter beside the rows that could differ from them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from marketplace.errors import Conflict
from marketplace.generation.models import Generation
from marketplace.partners.models import Agreement, Grant, LicensedImage, Partner

State = Generation.State
# What fails or is cancelled costs nothing and uses nothing up.
STANDING = (State.QUEUED, State.RUNNING, State.SUCCEEDED)


@dataclass(frozen=True)
class Used:
    """In the calendar day and month of a moment, in UTC."""

    images_today: int
    images_this_month: int
    spent_micro: int


def used(partner: Partner, now: datetime) -> Used:
    day, month = _starts(now)
    images = (
        _standing()
        .filter(partner=partner.pk, ordered_at__gte=month)
        .aggregate(
            month=Count("pk"),
            today=Count("pk", filter=Q(ordered_at__gte=day)),
            spent=Sum("generation__price_micro", default=0),
        )
    )
    agreed = Agreement.objects.filter(partner=partner.pk, accepted_at__gte=month)
    prepaid = agreed.aggregate(sum=Sum("total_micro", default=0) - Sum("grant__refunded_micro", default=0))["sum"]
    return Used(images["today"], images["month"], images["spent"] + prepaid)


def images_under(grant: Grant) -> int:
    return _standing().filter(grants=grant).count()


def refuse_beyond_the_quotas(partner: Partner, before: Used, more: int) -> None:
    """Raises Conflict at the quota of the day or the month."""
    _refuse_quota(partner.images_per_day, before.images_today, more, _("day"))
    _refuse_quota(partner.images_per_month, before.images_this_month, more, _("month"))


def refuse_beyond_the_cap(partner: Partner, before: Used, more_micro: int) -> None:
    """Raises Conflict."""
    if partner.spend_cap_micro is not None and before.spent_micro + more_micro > partner.spend_cap_micro:
        message = _("This would go beyond your organisation's spend cap of this month. Ask the hub to raise it.")
        raise Conflict(message, code="spend_cap_reached")


def refuse_beyond_the_grant(grant: Grant, more: int) -> None:
    """Raises Conflict."""
    left = grant.agreement.images - images_under(grant)
    if left <= 0:
        message = _("All images of this grant are used. Ask for a new quote.")
        raise Conflict(message, code="grant_used_up")
    if left < more:
        message = _("Of this grant %(left)d images are left, and this needs %(more)d. Order fewer.")
        raise Conflict(message % {"left": left, "more": more}, code="grant_used_up")


def _standing() -> QuerySet[LicensedImage]:
    return LicensedImage.objects.filter(generation__state__in=STANDING)


def _refuse_quota(most: int | None, so_far: int, more: int, span: str) -> None:
    if most is None or so_far + more <= most:
        return
    if so_far >= most:
        message = _("Your organisation's images of this %(span)s are used: %(most)d. Order again later.")
        raise Conflict(message % {"span": span, "most": most}, code="quota_reached")
    message = _("Of your organisation's images of this %(span)s %(left)d are left. Order fewer, or later.")
    raise Conflict(message % {"span": span, "left": most - so_far}, code="quota_reached")


def _starts(now: datetime) -> tuple[datetime, datetime]:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today, today - timedelta(days=today.day - 1)

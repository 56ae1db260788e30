"""What a partner must hear of: grants that ended early, and takedowns of what it ever held a grant for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q

from marketplace.catalogue.models import StyleVersion
from marketplace.partners.models import Grant, Partner, Takedown

# On lists. On the page of the grant itself they stand for ever.
TOLD_FOR = timedelta(days=30)
MOST = 5


@dataclass(frozen=True)
class Notice:
    """`is_takedown` where the hub took the style down, rather than its creator or staff ending this grant."""

    grant_id: UUID
    title: str
    reason: str
    at: datetime
    is_takedown: bool


def recent_notices(partner: Partner, now: datetime) -> Sequence[Notice]:
    """The newest few; one for each grant."""
    since = now - TOLD_FOR
    takedowns = Takedown.objects.filter(version=OuterRef("agreement__version"), published_at__gte=since)
    concerned = Grant.objects.filter(Q(revoked_at__gte=since) | Exists(takedowns), partner=partner.pk)
    grants = concerned.select_related("agreement__version__style").prefetch_related("agreement__version__takedowns")
    newest = grants.order_by(F("revoked_at").desc(nulls_last=True), "-created_at")[:MOST]
    told = [notice for grant in newest if (notice := notice_of(grant))]
    return sorted(told, key=lambda notice: notice.at, reverse=True)


def notice_of(grant: Grant) -> Notice | None:
    """None for a grant that nothing happened to."""
    version = grant.agreement.version
    if (takedown := takedown_of(version)) is not None:
        return Notice(grant.pk, version.style.title, takedown.reason, takedown.published_at, is_takedown=True)
    if grant.revoked_at is None:
        return None
    return Notice(grant.pk, version.style.title, grant.revoked_reason, grant.revoked_at, is_takedown=False)


def takedown_of(version: StyleVersion) -> Takedown | None:
    """The newest, where there are several."""
    return max(version.takedowns.all(), key=lambda each: each.published_at, default=None)

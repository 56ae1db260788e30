"""The signed list of what was revoked and taken down, for whoever keeps receipts."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from hub import receipts
from hub.settings.site import site_config
from marketplace.errors import Unavailable
from marketplace.partners.keys import receipt_keyring
from marketplace.partners.models import Grant, Takedown

# Within this time every copy is the same to the byte, so that caches can compare it.
FRESH = timedelta(minutes=5)
LIFE = timedelta(days=1)


def revocation_list(now: datetime | None = None) -> str:
    """Raises Unavailable without a key."""
    key = receipt_keyring().current
    if key is None:
        message = _("There is no signed list yet: the hub has no key to sign it with. Try again later.")
        raise Unavailable(message, code="receipts_unavailable")
    issued = _start_of_span(now or timezone.now())
    claims = {
        "iss": site_config().url,
        "iat": issued,
        "exp": issued + int(LIFE.total_seconds()),
        "revocations": [_revocation(grant) for grant in Grant.objects.exclude(revoked_at=None).order_by("revoked_at")],
        "takedowns": [_notice(notice) for notice in _takedowns()],
    }
    return receipts.sign(claims, key, receipts.Kind.REVOCATIONS)


def _start_of_span(now: datetime) -> int:
    span = int(FRESH.total_seconds())
    return int(now.timestamp()) // span * span


def _takedowns() -> list[Takedown]:
    return list(Takedown.objects.select_related("version__style").order_by("published_at"))


def _revocation(grant: Grant) -> dict[str, object]:
    assert grant.revoked_at is not None  # noqa: S101 - narrows the type: the query left the others out
    return {"grant": str(grant.pk), "revoked_at": int(grant.revoked_at.timestamp()), "reason": grant.revoked_reason}


def _notice(notice: Takedown) -> dict[str, object]:
    version = notice.version
    return {
        "takedown": str(notice.pk),
        "version": version.pk,
        "style": version.style.slug,
        "reason": notice.reason,
        "published_at": int(notice.published_at.timestamp()),
    }

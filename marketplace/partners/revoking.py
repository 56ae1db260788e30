"""Ends grants before their time: nothing more is made under them, and what was made stays paid, licensed and receipted."""

from contextlib import suppress
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.services import withdraw
from marketplace.errors import Conflict
from marketplace.generation.lifecycle import OPEN
from marketplace.generation.models import Generation
from marketplace.generation.services import cancel
from marketplace.partners import announcements
from marketplace.partners.locks import lock_holders, lock_version
from marketplace.partners.models import Grant, Partner, Takedown
from marketplace.partners.refunds import pay_back_what_is_unused

log = structlog.get_logger(__name__)


@transaction.atomic
def revoke(*, grant_id: UUID, reason: str) -> Grant:
    """Images under way are cancelled, and what was prepaid for images never made is returned. Twice changes nothing."""
    partner_id = Grant.objects.values_list("partner_id", flat=True).get(pk=grant_id)
    # The lock that every order of this partner takes, so that none slips in between.
    Partner.objects.select_for_update().get(pk=partner_id)
    grant = Grant.objects.select_related("agreement", "partner__organisation").get(pk=grant_id)
    if grant.revoked_at is not None:
        return grant
    for generation in Generation.objects.filter(licensed_image__grants=grant, state__in=OPEN):
        with suppress(Conflict):  # it ended in this very moment
            cancel(generation=generation)
    # Later than the last image that was made.
    grant.revoked_at, grant.revoked_reason = timezone.now(), reason
    pay_back_what_is_unused(grant)
    grant.save(update_fields=["revoked_at", "revoked_reason", "refund_due_at", "refunded_micro"])
    announcements.grant_revoked(grant)
    log.info("grant.revoked", grant=str(grant.pk), refunded_micro=grant.refunded_micro)
    return grant


def revoke_all_of(version: StyleVersion, *, reason: str) -> list[Grant]:
    """Whatever is granted for a version and not over. The version's row is locked already."""
    lock_holders(version)
    standing = Grant.objects.filter(
        agreement__version=version, revoked_at=None, agreement__ends_at__gt=timezone.now()
    ).order_by("partner_id", "pk")
    return [revoke(grant_id=pk, reason=reason) for pk in standing.values_list("pk", flat=True)]


@transaction.atomic
def publish_takedown(*, version: StyleVersion, reason: str, claimant: str = "") -> Takedown:
    """Withdraw a version, revoke its grants and tell everyone concerned, with one published notice."""
    lock_version(version.pk)
    takedown = Takedown.objects.create(version=version, reason=reason, claimant=claimant)
    # Before it is withdrawn, which would revoke them for a lesser reason.
    revoke_all_of(version, reason=reason)
    withdraw(version=version)
    for account_id in _concerned(version):
        announcements.takedown_published(takedown, account_id)
    log.warning("takedown.published", takedown=str(takedown.pk), version=version.pk)
    return takedown


def _concerned(version: StyleVersion) -> list[int]:
    """Every partner that ever held a grant for it, and its creator."""
    holders = Partner.objects.filter(grants__agreement__version=version).distinct()
    accounts = holders.values_list("organisation__account_id", flat=True)
    return sorted({account for account in accounts if account is not None} | {version.style.creator_id})

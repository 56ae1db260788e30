"""Pays back what was prepaid for images that were never made, when their grant ends: in time, or before its time (revoking.py).

It goes back to who paid, from each who was paid, in the parts in which they got it. Whether it does when a grant ends in
time is a term of its agreement.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from marketplace.generation.lifecycle import OPEN
from marketplace.ledger import services as ledger
from marketplace.ledger.errors import NothingLeftError
from marketplace.partners import announcements
from marketplace.partners.limits import images_under
from marketplace.partners.models import Grant, LicensedImage, Partner

log = structlog.get_logger(__name__)

SUBJECT = "grant"
AT_ONCE = 500
# Clocks of machines differ a little, and what one takes for the last second is over for another.
GRACE = timedelta(minutes=5)


def payment_key(grant: Grant) -> str:
    return f"{SUBJECT}:{grant.pk}"


def pay_back_what_is_due(*, now: datetime) -> int:
    """Of grants whose time is over, once their last image has ended: until then it may fail and be unused too. Says how many."""
    due = list(_due(now).order_by("refund_due_at").values_list("pk", "partner")[:AT_ONCE])
    return sum(_close(grant_id, partner_id, now) for grant_id, partner_id in due)


def pay_back_what_is_unused(grant: Grant) -> None:
    """Once: done again it changes nothing. The partner's row is locked already; whoever calls saves the grant."""
    grant.refund_due_at = None
    agreement = grant.agreement
    unused = agreement.unit_price_micro * (agreement.images - images_under(grant)) if agreement.is_prepaid else 0
    if unused > 0 and not grant.refunded_micro:
        grant.refunded_micro = _paid_back(payment_key(grant), unused)


def _due(now: datetime) -> QuerySet[Grant]:
    open_images = LicensedImage.objects.filter(grants=OuterRef("pk"), generation__state__in=OPEN)
    return Grant.objects.filter(~Exists(open_images), refund_due_at__lte=now - GRACE)


@transaction.atomic
def _close(grant_id: UUID, partner_id: int, now: datetime) -> bool:
    # The lock that every order of this partner takes: one that was in time and not yet saved is seen below.
    Partner.objects.select_for_update().get(pk=partner_id)
    grant = _due(now).select_related("agreement", "partner__organisation").filter(pk=grant_id).first()
    if grant is None:
        return False
    pay_back_what_is_unused(grant)
    grant.save(update_fields=["refund_due_at", "refunded_micro"])
    if grant.refunded_micro:
        announcements.grant_refunded(grant)
    log.info("grant.closed", grant=str(grant.pk), refunded_micro=grant.refunded_micro)
    return True


def _paid_back(key: str, amount_micro: int) -> int:
    """Less, where a buyer's bank has taken some of the payment back before."""
    try:
        ledger.refund(key=f"{key}:refund", payment_key=key, amount_micro=amount_micro)
    except NothingLeftError as short:
        amount_micro = short.left_micro
        if amount_micro:
            ledger.refund(key=f"{key}:refund", payment_key=key, amount_micro=amount_micro)
    return amount_micro

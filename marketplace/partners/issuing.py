"""Issues receipts: once each, kept as they were signed, so that a later key, name or price changes none.

An image's receipt follows its delivery within seconds, or comes when it is asked for. Without a key none is issued and
everything else goes on.
"""

from datetime import timedelta
from functools import cache
from uuid import uuid4

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hub import receipts
from hub.settings.site import site_config
from hub.signing import SigningKeyError
from marketplace.errors import Unavailable
from marketplace.generation.models import Generation
from marketplace.partners import announcements
from marketplace.partners.claims import grant_claims, image_claims
from marketplace.partners.keys import receipt_keyring
from marketplace.partners.models import Grant, LicensedImage, Receipt
from marketplace.partners.selectors import licensed_images

log = structlog.get_logger(__name__)

AT_ONCE = 500
# No image takes so long: what is older has its receipt or was never delivered.
LOOK_BACK = timedelta(days=2)


def issue_grant_receipt(grant: Grant) -> Receipt | None:
    """None where there is no key yet."""
    number = uuid4()
    text = _signed(grant_claims(number, site_config().url, grant))
    return Receipt.objects.create(pk=number, grant=grant, text=text) if text else None


def grant_receipt(grant: Grant) -> Receipt:
    """The receipt of a grant; issued now where none was. Raises Unavailable."""
    with transaction.atomic():
        locked = Grant.objects.select_for_update().get(pk=grant.pk)
        found = Receipt.objects.filter(grant=locked).first() or issue_grant_receipt(grant)
    return found or _refuse()


def image_receipt(image: LicensedImage) -> Receipt:
    """The receipt of a delivered image; issued now where none was. Raises Unavailable."""
    with transaction.atomic():
        LicensedImage.objects.select_for_update().get(pk=image.pk)
        found = Receipt.objects.filter(image=image).first() or _issue_image_receipt(image)
    return found or _refuse()


def issue_waiting() -> int:
    """Receipts for what was delivered since. Says how many."""
    delivered = licensed_images().filter(
        receipt=None, generation__state=Generation.State.SUCCEEDED, ordered_at__gte=timezone.now() - LOOK_BACK
    )
    waiting = list(delivered.order_by("ordered_at")[:AT_ONCE])
    if waiting and receipt_keyring().current is None:
        _say_once("There is no key to sign licence receipts with. docs/how-to/license-as-a-partner.md makes one.")
        return 0
    for image in waiting:
        image_receipt(image)
    return len(waiting)


def _issue_image_receipt(image: LicensedImage) -> Receipt | None:
    number = uuid4()
    grants = sorted(image.grants.all(), key=lambda grant: grant.created_at)
    text = _signed(image_claims(number, site_config().url, image, grants))
    if not text:
        return None
    receipt = Receipt.objects.create(pk=number, image=image, text=text)
    announcements.receipt_issued(receipt, image.partner)
    return receipt


def _signed(claims: dict[str, object]) -> str:
    """ "" where there is no key."""
    try:
        key = receipt_keyring().current
    except SigningKeyError as error:
        _say_once(str(error))
        return ""
    return receipts.sign(claims, key, receipts.Kind.RECEIPT) if key else ""


def _refuse() -> Receipt:
    message = _("This receipt is not signed yet: the hub has no key to sign it with. Try again later.")
    raise Unavailable(message, code="receipts_unavailable")


@cache
def _say_once(reason: str) -> None:
    """Not every ten seconds."""
    log.error("receipts.not_issued", reason=reason)

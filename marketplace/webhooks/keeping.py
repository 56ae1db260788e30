"""What the clock does beside sending: tell owners what the hub switched off, and forget what is old."""

from datetime import datetime, timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils.translation import gettext as _

from hub.settings.site import site_config
from marketplace.accounts.models import Membership, User
from marketplace.accounts.organisations import organisation_of
from marketplace.webhooks.models import Endpoint, Message

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)
AT_ONCE = 500


def forget_old(*, now: datetime) -> int:
    """Messages of 30 days ago, with their deliveries and attempts. Says how many messages."""
    old = Message.objects.filter(created_at__lt=now - KEPT).order_by("created_at").values_list("pk", flat=True)
    ids = list(old[:AT_ONCE])
    Message.objects.filter(pk__in=ids).delete()
    return len(ids)


def tell_owners() -> int:
    """Write to each owner whose endpoint the hub switched off, once. Says how many mails."""
    told = 0
    for endpoint in Endpoint.objects.filter(owner_knows=False).select_related("account")[:AT_ONCE]:
        if Endpoint.objects.filter(pk=endpoint.pk, owner_knows=False).update(owner_knows=True):
            told += _tell(endpoint)
    return told


def readers(account: User) -> list[str]:
    """Addresses of the person, or of the organisation's owners: its own account reads no mail."""
    organisation = organisation_of(account)
    if organisation is None:
        return [account.email]
    owners = organisation.memberships.filter(role=Membership.Role.OWNER, user__is_active=True)
    return list(owners.order_by("user__email").values_list("user__email", flat=True))


def _tell(endpoint: Endpoint) -> int:
    try:
        return send_mail(
            _("Webhooks to %(host)s are switched off") % {"host": endpoint.url.split("/")[2]},
            _text(endpoint),
            settings.DEFAULT_FROM_EMAIL,
            readers(endpoint.account),
        )
    except (SMTPException, OSError) as error:
        log.warning("webhook.owner_not_told", endpoint=str(endpoint.pk), reason=str(error))
        Endpoint.objects.filter(pk=endpoint.pk).update(owner_knows=False)
        return 0


def _text(endpoint: Endpoint) -> str:
    return _(
        "The hub sends no more webhooks to\n\n%(url)s\n\n%(why)s.\n\nWhen it works again, switch it on at %(page)s "
        "and replay what was missed; it is kept for 30 days.\n"
    ) % {
        "url": endpoint.url,
        "why": endpoint.get_disabled_display(),
        "page": site_config().url + reverse("pages:webhook", args=[endpoint.pk]),
    }

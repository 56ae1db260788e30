"""New versions that are not everyone's yet: who may use them already."""

from datetime import datetime

from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.organisations import organisation_of
from marketplace.catalogue.channels import Channel, open_channel, openings
from marketplace.catalogue.models import StyleVersion
from marketplace.errors import NotAllowed
from marketplace.orders.selectors import is_subscribed


def refuse_before_release(buyer: User, version: StyleVersion, *, by_program: bool, now: datetime) -> None:
    """Raises NotAllowed where no channel that is open lets this buyer in. Its own creator always may."""
    channel, creator = open_channel(version, now), version.style.creator
    if channel == Channel.EVERYONE or buyer == creator or by_program or organisation_of(buyer):
        return
    if channel == Channel.PARTNERS_AND_API:
        raise NotAllowed(_partners_first(version), code="partners_first", field="adapters")
    if not is_subscribed(buyer, creator, now):
        raise NotAllowed(_subscribers_first(version), code="subscribers_first", field="adapters")


def _partners_first(version: StyleVersion) -> str:
    told = _told(version)
    if told["members"] == told["date"]:
        return _("“%(title)s” is for partners and programs until %(date)s. Order it by API, or come back then.") % told
    return (
        _(
            "“%(title)s” is for partners and programs until %(members)s, then for %(creator)s’s subscribers until %(date)s. "
            "Order it by API, or come back then."
        )
        % told
    )


def _subscribers_first(version: StyleVersion) -> str:
    return _("“%(title)s” is for %(creator)s’s subscribers until %(date)s. Subscribe, or come back then.") % _told(
        version
    )


def _told(version: StyleVersion) -> dict[str, str]:
    _partners, members, everyone = openings(version)
    return {
        "title": version.style.title,
        "creator": version.style.creator.display_name,
        "members": members.opens_at.date().isoformat(),
        "date": everyone.opens_at.date().isoformat(),
    }

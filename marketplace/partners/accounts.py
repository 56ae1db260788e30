"""Which partner is asking, and whose wallet pays."""

from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.organisations import organisation_of
from marketplace.errors import NotAllowed
from marketplace.partners.models import Partner


def partner_for(account: User) -> Partner:
    """Any organisation may license; its terms are the defaults until staff agree on others.

    Raises NotAllowed for a person, and for a partner that staff suspended.
    """
    organisation = organisation_of(account)
    if organisation is None:
        message = _("Licensing is for organisations. Use an API key that was made on your organisation's page.")
        raise NotAllowed(message, code="partners_only")
    partner, _made = Partner.objects.select_related("organisation").get_or_create(organisation=organisation)
    refuse_suspended(partner)
    return partner


def refuse_suspended(partner: Partner) -> None:
    if partner.suspended:
        raise NotAllowed(_("Licensing is suspended for your organisation. Write to the hub."), code="partner_suspended")


def account_of(partner: Partner) -> User:
    """Whose wallet pays, and whom events concern."""
    account = partner.organisation.account
    assert account is not None  # noqa: S101 - narrows the type: it was found by its account
    return account

"""Which partner is asking, and whose wallet pays."""

from django.utils.translation import gettext as _

from marketplace.accounts.models import Organisation, User
from marketplace.accounts.organisations import organisation_of
from marketplace.errors import NotAllowed
from marketplace.partners.models import Partner


def partner_for(account: User) -> Partner:
    """Any organisation may license; its terms are the defaults until staff agree on others.

    Only looks: one that has no row yet has no number either, and nothing is found by it.
    Raises NotAllowed for a person, and for a partner that staff suspended.
    """
    organisation = _organisation_for(account)
    partner = Partner.objects.select_related("organisation").filter(organisation=organisation).first()
    partner = partner or Partner(organisation=organisation)
    refuse_suspended(partner)
    return partner


def enrolled(account: User) -> Partner:
    """The same with its row, made where there is none: what it agrees on needs one."""
    partner, _made = Partner.objects.get_or_create(organisation=_organisation_for(account))
    refuse_suspended(partner)
    return partner


def _organisation_for(account: User) -> Organisation:
    organisation = organisation_of(account)
    if organisation is None:
        message = _("Licensing is for organisations. Use an API key that was made on your organisation's page.")
        raise NotAllowed(message, code="partners_only")
    return organisation


def refuse_suspended(partner: Partner) -> None:
    if partner.suspended:
        raise NotAllowed(_("Licensing is suspended for your organisation. Write to the hub."), code="partner_suspended")


def account_of(partner: Partner) -> User:
    """Whose wallet pays, and whom events concern."""
    account = partner.organisation.account
    assert account is not None  # noqa: S101 - narrows the type: it was found by its account
    return account

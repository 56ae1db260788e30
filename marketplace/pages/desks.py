"""For which organisation somebody licenses, and what their role lets them do there."""

from dataclasses import dataclass

from django.http import HttpRequest

from marketplace.accounts.models import Organisation, User
from marketplace.accounts.organisations import give_account, organisation_for, rights_of
from marketplace.accounts.roles import Right
from marketplace.pages.people import signed_in
from marketplace.partners.accounts import partner_for
from marketplace.partners.models import Partner


@dataclass(frozen=True)
class Desk:
    organisation: Organisation
    account: User
    partner: Partner
    may_license: bool
    may_top_up: bool


def desk_of(request: HttpRequest, slug: str, right: Right = Right.SEE_MONEY) -> Desk:
    """Raises NotFound for who is no member, NotAllowed for a role without the right and for a suspended partner."""
    user = signed_in(request)
    organisation = organisation_for(user, slug, right)
    account, rights = give_account(organisation), rights_of(user, organisation)
    return Desk(organisation, account, partner_for(account), Right.KEYS in rights, Right.TOP_UP in rights)

"""Whose earnings are looked at: a person's own, or those of an organisation that they are a member of."""

from dataclasses import dataclass

from marketplace.accounts.models import Organisation, User
from marketplace.accounts.organisations import organisation_for
from marketplace.ledger.lines import AccountName, earnings, pending
from marketplace.ledger.selectors import balance
from marketplace.payouts.plans import Payee


@dataclass(frozen=True)
class Holder:
    """`slug` is an organisation's, "" for the person."""

    payee: Payee
    name: str
    slug: str = ""

    def accounts(self, currency: str = "USD") -> tuple[AccountName, AccountName]:
        """Where earnings wait, and where they are available."""
        return (
            pending(self.payee.person_id, currency, self.payee.organisation_id),
            earnings(self.payee.person_id, currency, self.payee.organisation_id),
        )

    def balances(self, currency: str = "USD") -> tuple[int, int]:
        """Micro-units pending and available."""
        waiting, available = self.accounts(currency)
        return balance(waiting), balance(available)


def holders_of(user: User) -> list[Holder]:
    """The person first, then their organisations by name."""
    return [_person(user), *map(_organisation, user.organisations.order_by("name"))]


def holder_of(user: User, organisation: str = "") -> Holder:
    """Raises NotFound for an organisation that the person is no member of: they are not told that it exists."""
    return _organisation(organisation_for(user, organisation)) if organisation else _person(user)


def _person(user: User) -> Holder:
    return Holder(Payee(user.pk), user.display_name)


def _organisation(organisation: Organisation) -> Holder:
    return Holder(Payee(organisation_id=organisation.pk), organisation.name, organisation.slug)

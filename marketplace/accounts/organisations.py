"""Organisations: made with an account of their own, and found by it."""

from django.db import transaction

from marketplace.accounts.models import Membership, Organisation, User

# A domain that no mail reaches, by RFC 2606.
DOMAIN = "organisations.invalid"


@transaction.atomic
def create_organisation(*, name: str, slug: str, owner: User) -> Organisation:
    organisation = Organisation.objects.create(name=name, slug=slug)
    Membership.objects.create(organisation=organisation, user=owner, role=Membership.Role.OWNER)
    give_account(organisation)
    return organisation


def give_account(organisation: Organisation) -> User:
    """The account that it acts as; made on first need, without a password."""
    if organisation.account is None:
        organisation.account = User.objects.create_user(
            f"{organisation.slug}@{DOMAIN}", display_name=organisation.name[:60]
        )
        organisation.save(update_fields=["account"])
    return organisation.account


def organisation_of(account: User) -> Organisation | None:
    """The organisation that this account belongs to; None for a person."""
    return Organisation.objects.filter(account=account).first()


def partner_of(account: User) -> str | None:
    """The slug by which creators name this account's organisation among their partners; None for a person."""
    return Organisation.objects.filter(account=account).values_list("slug", flat=True).first()

"""Organisations and their content libraries for tests."""

from itertools import count

from marketplace.accounts.models import Membership, Organisation, User
from marketplace.payouts.models import ContentLibrary

_numbers = count(1)


def make_organisation(*members: User) -> Organisation:
    number = next(_numbers)
    organisation = Organisation.objects.create(name=f"Studio {number}", slug=f"studio-{number}")
    for member in members:
        Membership.objects.create(organisation=organisation, user=member, role=Membership.Role.OWNER)
    return organisation


def make_library(organisation: Organisation | None = None) -> ContentLibrary:
    number = next(_numbers)
    return ContentLibrary.objects.create(
        organisation=organisation or make_organisation(), title=f"Archive {number}", slug=f"archive-{number}"
    )

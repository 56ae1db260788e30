"""People for tests."""

from itertools import count
from typing import Any

from django.test import Client

from marketplace.accounts.models import Membership, Organisation, User
from marketplace.accounts.organisations import create_organisation

PASSWORD = "correct horse 7 battery"
_numbers = count(1)


def make_user(**changes: Any) -> User:
    """A person who can sign in with PASSWORD; `email` and `display_name` are unique unless given."""
    number = next(_numbers)
    fields: dict[str, Any] = {
        "email": f"person{number}@example.org",
        "password": PASSWORD,
        "display_name": f"Person {number}",
    }
    return User.objects.create_user(**fields | changes)


def make_staff(**changes: Any) -> User:
    """A person who may use the admin site."""
    return make_user(is_staff=True, is_superuser=True, **changes)


def make_organisation(owner: User | None = None, **members: User) -> Organisation:
    """With this owner, or a new one; `members` are named by role."""
    organisation = create_organisation(name=f"Studio {next(_numbers)}", owner=owner or make_user())
    for role, member in members.items():
        Membership.objects.create(organisation=organisation, user=member, role=role)
    return organisation


def program_with(secret: str, **options: Any) -> Client:
    """Sends a key or an access token with every request."""
    return Client(headers={"authorization": f"Bearer {secret}"}, **options)

"""People for tests."""

from itertools import count
from typing import Any

from marketplace.accounts.models import User

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

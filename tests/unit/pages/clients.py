"""Browsers of people who are signed in."""

from django.test import Client

from marketplace.accounts.models import User
from tests.factories.accounts import make_user


def signed_in(user: User | None = None) -> Client:
    """A test client of this person, or of a new one."""
    client = Client()
    client.force_login(user or make_user(), "django.contrib.auth.backends.ModelBackend")
    return client

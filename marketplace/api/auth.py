"""Who is asking."""

from rest_framework.request import Request

from marketplace.accounts.models import User


def person(request: Request) -> User:
    """The person signed in; only for views that let nobody else through."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type
    return request.user

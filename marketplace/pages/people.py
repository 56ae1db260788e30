"""Who is asking, in a type that services accept."""

from django.http import HttpRequest

from marketplace.accounts.models import User


def signed_in(request: HttpRequest) -> User:
    """The person behind a view that demands a sign-in."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type; login_required has turned others away
    return request.user

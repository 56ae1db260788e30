"""Who is asking: the one place where a bearer token, key or access token alike, becomes a user. Every API asks here."""

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from marketplace.accounts.acting import act_with
from marketplace.accounts.callers import Caller, caller_of
from marketplace.accounts.models import User


def signed_in(token: str) -> tuple[User, Caller]:
    """`request.user` and `request.auth`: the account, and what the token is good for. What is ordered in this request is
    put down to the token's credential. Raises AuthenticationFailed."""
    caller = caller_of(token)
    if caller is None:
        raise AuthenticationFailed(_("This key is not valid. Make a new one on the developers' pages."))
    act_with(caller.credential.pk)
    return caller.credential.account, caller


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        """None where the header is missing or of another scheme. Raises AuthenticationFailed."""
        words = get_authorization_header(request).decode("latin-1").split()
        if not words or words[0].lower() != "bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed(_("Send “Authorization: Bearer”, a space and the key, and nothing else."))
        return signed_in(words[1])

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        return "Bearer"

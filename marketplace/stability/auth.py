"""Who is asking: a key of the hub, with or without `Bearer` and with or without the `sk-` that some programs insist on."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from marketplace.accounts.callers import Caller
from marketplace.accounts.models import User
from marketplace.api.authentication import BearerAuthentication, signed_in
from marketplace.dialects.errors import Refused

PREFIX = "sk-"


class KeyAuthentication(BearerAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        """None where there is no header. Raises AuthenticationFailed."""
        words = request.META.get("HTTP_AUTHORIZATION", "").split()
        if not words:
            return None
        if words[0].lower() == "bearer":
            words = words[1:]
        if len(words) != 1 or not words[0].isascii():
            raise AuthenticationFailed
        return signed_in(words[0].removeprefix(PREFIX))


def organisation_id(person: User) -> str:
    """A person's own, which pays: a hub charges people."""
    return f"org-{person.pk}"


def refuse_other_organisations(request: Request, person: User) -> None:
    """Raises Refused where the request is to be paid by another than the person's own organisation."""
    asked = request.headers.get("Organization", "")
    if asked and asked != organisation_id(person):
        raise Refused(
            "permission_denied",
            _("You do not have permission to access this resource: here people pay. Leave Organization out."),
        )

"""Access tokens of OAuth clients: signed, valid for an hour, and good for nothing once they or their client are revoked.

None is stored: each request looks the client up anyway, to see that it still holds, and with it the few that ended early.
"""

from collections.abc import Iterable
from datetime import timedelta
from secrets import token_urlsafe

import structlog
from django.core import signing
from django.db.models import Exists
from django.utils import timezone

from marketplace.accounts.models import Credential, EndedToken
from marketplace.accounts.secrets import digest

log = structlog.get_logger(__name__)

PREFIX = "irt_"
LIFETIME_S = 3600
# The separator is one of the characters that RFC 6750 lets a token have.
_signer = signing.TimestampSigner(salt="accounts.access-token", sep=".")


def issue(client: Credential, scopes: Iterable[str]) -> str:
    # A number of its own, or two of one second would be one token, and revoking either would end both.
    told = {"client": client.pk, "scopes": list(scopes), "id": token_urlsafe(9)}
    return PREFIX + _signer.sign_object(told)


def read(token: str) -> tuple[int, frozenset[str]] | None:
    """The client's id and the scopes; None for one that is forged or has expired."""
    try:
        told = _signer.unsign_object(token.removeprefix(PREFIX), max_age=LIFETIME_S)
    except signing.BadSignature:
        return None
    return told["client"], frozenset(told["scopes"])


def has_ended(token: str) -> Exists:
    """Whether it was revoked, for a query to ask on its way."""
    return Exists(EndedToken.objects.filter(digest=digest(token)))


def end(client: Credential, token: str) -> None:
    """Refuse it from now on; done again it changes nothing."""
    now = timezone.now()
    EndedToken.objects.filter(ends_at__lte=now).delete()
    ended = EndedToken(digest=digest(token), ends_at=now + timedelta(seconds=LIFETIME_S))
    EndedToken.objects.bulk_create([ended], ignore_conflicts=True)
    log.info("access_token.revoked", client=client.pk)

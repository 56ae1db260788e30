"""Access tokens of OAuth clients: signed, valid for an hour, and good for nothing once their client is revoked.

None is stored: each request looks the client up anyway, to see that it still holds.
"""

from collections.abc import Iterable

from django.core import signing

from marketplace.accounts.models import Credential

PREFIX = "irt_"
LIFETIME_S = 3600
# The separator is one of the characters that RFC 6750 lets a token have.
_signer = signing.TimestampSigner(salt="accounts.access-token", sep=".")


def issue(client: Credential, scopes: Iterable[str]) -> str:
    return PREFIX + _signer.sign_object({"client": client.pk, "scopes": list(scopes)})


def read(token: str) -> tuple[int, frozenset[str]] | None:
    """The client's id and the scopes; None for one that is forged or has expired."""
    try:
        told = _signer.unsign_object(token.removeprefix(PREFIX), max_age=LIFETIME_S)
    except signing.BadSignature:
        return None
    return told["client"], frozenset(told["scopes"])

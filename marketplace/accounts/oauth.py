"""The client credentials grant of OAuth 2 (RFC 6749, section 4.4): what a request asks for, and whether it gets it."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from django.utils.crypto import constant_time_compare

from marketplace.accounts.callers import note_use
from marketplace.accounts.credentials import matching
from marketplace.accounts.models import Credential
from marketplace.accounts.scopes import Scope, covers
from marketplace.accounts.secrets import digest

GRANT = "client_credentials"


class OAuthError(Exception):
    """A refusal in the RFC's own form (section 5.2); `code` is one of its words, `description` is for the developer."""

    def __init__(self, code: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status


@dataclass(frozen=True)
class Grant:
    client: Credential
    scopes: tuple[str, ...]


def granted(form: Mapping[str, list[str]], authorization: str) -> Grant:
    """Raises OAuthError."""
    fields = single(form)
    client = authenticated(fields, authorization)
    asked = fields.get("grant_type")
    if asked is None:
        raise OAuthError("invalid_request", "grant_type is missing. Send grant_type=client_credentials.")
    if asked != GRANT:
        raise OAuthError("unsupported_grant_type", "This server gives client_credentials alone.")
    scopes = _scopes(client, fields.get("scope", ""))
    note_use(client)
    return Grant(client, scopes)


def authenticated(fields: Mapping[str, str], authorization: str) -> Credential:
    """The client that shows its secret. Raises OAuthError."""
    return _client(*_id_and_secret(fields, authorization))


def single(form: Mapping[str, list[str]]) -> dict[str, str]:
    """Parameters without a value count as left out (section 3.2)."""
    if any(len(values) > 1 for values in form.values()):
        raise OAuthError("invalid_request", "Each parameter may be sent once.")
    return {name: values[0] for name, values in form.items() if values and values[0]}


def _id_and_secret(fields: Mapping[str, str], authorization: str) -> tuple[str, str]:
    """From the header or from the body, not from both (section 2.3)."""
    in_body = fields.get("client_id"), fields.get("client_secret")
    if not authorization:
        if in_body[0] is None or in_body[1] is None:
            raise _unknown()
        return in_body[0], in_body[1]
    in_header = _basic(authorization)
    if in_body[1] is not None or in_body[0] not in (None, in_header[0]):
        raise OAuthError("invalid_request", "Send the client's secret in the header or in the body, not in both.")
    return in_header


def _basic(authorization: str) -> tuple[str, str]:
    """Both parts are form-encoded within the header (section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise _unknown() from None
    if scheme.lower() != "basic" or not colon:
        raise _unknown()
    return unquote_plus(client_id), unquote_plus(secret)


def _client(client_id: str, secret: str) -> Credential:
    # Found by the secret's hash, so that an unknown id and a wrong secret answer alike and in the same time.
    client = matching(digest(secret), Credential.Kind.CLIENT)
    if client is None or not constant_time_compare(client.label, client_id):
        raise _unknown()
    return client


def _scopes(client: Credential, asked: str) -> tuple[str, ...]:
    """All of the client's where none is asked for; in the order of the reference."""
    wanted = set(asked.split())
    if not wanted:
        return tuple(client.scopes)
    if not wanted <= set(Scope) or not all(covers(client.scopes, scope) for scope in wanted):
        raise OAuthError("invalid_scope", "The client has not been given every scope that was asked for.")
    return tuple(scope.value for scope in Scope if scope in wanted)


def _unknown() -> OAuthError:
    return OAuthError("invalid_client", "No client has this id and secret.", status=401)

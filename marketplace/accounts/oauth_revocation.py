"""Token revocation (RFC 7009): a client ends one of its own access tokens before its hour is over."""

from collections.abc import Mapping

from marketplace.accounts import access_tokens
from marketplace.accounts.callers import note_use
from marketplace.accounts.oauth import OAuthError, authenticated, single
from marketplace.accounts.secrets import KEY_PREFIX


def revoke_token(form: Mapping[str, list[str]], authorization: str) -> None:
    """A token that is unknown, forged or over is none any more, and so no error (section 2.2). Raises OAuthError."""
    fields = single(form)
    client = authenticated(fields, authorization)
    note_use(client)
    token = fields.get("token")
    if token is None:
        raise OAuthError("invalid_request", "token is missing. Send the access token that is to end.")
    if token.startswith(KEY_PREFIX):
        # To say yes would let its owner believe that it holds no more.
        raise OAuthError("unsupported_token_type", "This is an API key. Revoke it on the developers' pages.")
    told = access_tokens.read(token)
    if told is None:
        return
    if told[0] != client.pk:
        raise OAuthError("invalid_grant", "This token was given to another client, which alone can revoke it.")
    access_tokens.end(client, token)

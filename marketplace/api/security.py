"""What the OpenAPI document says about signing in: a key, an OAuth client's token, or a browser's session, with scopes."""

from typing import Any

from django.urls import reverse
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from marketplace.accounts.scopes import MEANING
from marketplace.api.scopes import needs_of

KEY, OAUTH = "apiKey", "oauth2"


class BearerScheme(OpenApiAuthenticationExtension):
    """Registers itself by being defined."""

    target_class = "marketplace.api.authentication.BearerAuthentication"
    name = [KEY, OAUTH]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        """Either of them, with the scope that the operation asks for; neither where only people may."""
        needed = needs_of(auto_schema.view)
        if needed.people_only:
            return []
        scope = needed.of(auto_schema.method)
        scopes = [] if scope is None else [scope.value]
        return [{KEY: scopes}, {OAUTH: scopes}]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:  # noqa: ARG002 - the library's signature
        meanings = {scope.value: str(meaning) for scope, meaning in MEANING.items()}
        flow = {"tokenUrl": reverse("oauth-token"), "scopes": meanings}
        key = {"type": "http", "scheme": "bearer", "description": "A key from the developers' pages, beginning irk_."}
        return [key, {"type": "oauth2", "description": _of_tokens(), "flows": {"clientCredentials": flow}}]


def _of_tokens() -> str:
    """OpenAPI 3.1 has no field for where tokens end."""
    return (
        f"Client credentials (RFC 6749), changed for a token that holds for an hour. POST `{reverse('oauth-revoke')}` with "
        "the form field `token`, signed in as at the token's address, ends one before (RFC 7009)."
    )

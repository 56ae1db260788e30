"""What a key or an access token may be good for; a view says in one line which of them it asks for."""

from collections.abc import Iterable
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.errors import InvalidInput, NotAllowed


class Scope(StrEnum):
    EVERYTHING = "everything"
    GENERATE = "generate"
    IMAGES_READ = "images:read"
    STYLES_READ = "styles:read"
    STYLES_WRITE = "styles:write"
    UPLOADS = "uploads"
    WALLET_READ = "wallet:read"
    TOP_UPS = "top-ups"
    PURCHASES = "purchases"
    STATEMENTS = "statements"
    LICENSING = "licensing"
    WEBHOOKS = "webhooks"
    ORGANISATION_READ = "organisation:read"
    ORGANISATION_WRITE = "organisation:write"


MEANING = {
    Scope.EVERYTHING: gettext_lazy("Whatever its account may do, now and later"),
    Scope.GENERATE: gettext_lazy("Quote, order and cancel images, and send pictures to start from; this spends credit"),
    Scope.IMAGES_READ: gettext_lazy("See orders and fetch their images"),
    Scope.STYLES_READ: gettext_lazy("List the engines and styles that can be used"),
    Scope.STYLES_WRITE: gettext_lazy("Publish styles and withdraw them"),
    Scope.UPLOADS: gettext_lazy("Upload model files"),
    Scope.WALLET_READ: gettext_lazy("See the wallet and the account's name"),
    Scope.TOP_UPS: gettext_lazy("Open a checkout that buys credit"),
    Scope.PURCHASES: gettext_lazy("Buy files and subscriptions, and fetch what was bought; this spends credit"),
    Scope.STATEMENTS: gettext_lazy("Read earnings, statements and proofs"),
    Scope.LICENSING: gettext_lazy("License styles as a partner"),
    Scope.WEBHOOKS: gettext_lazy("Set up webhooks"),
    Scope.ORGANISATION_READ: gettext_lazy("See organisations and their members"),
    Scope.ORGANISATION_WRITE: gettext_lazy("Invite and remove members, and give roles"),
}


def checked_scopes(asked: Iterable[str]) -> list[str]:
    """In the table's order, each once. Raises InvalidInput for none and for one that does not exist."""
    wanted = set(asked)
    if not wanted or not wanted <= set(Scope):
        message = _("Choose at least one scope of those that the reference lists.")
        raise InvalidInput(message, code="unknown_scope", field="scopes")
    return [scope.value for scope in Scope if scope in wanted]


def covers(scopes: Iterable[str], scope: str) -> bool:
    given = set(scopes)
    return scope in given or Scope.EVERYTHING in given


class InsufficientScope(NotAllowed):
    """A key or token that lacks the scope which the answer names, there and in `WWW-Authenticate`."""

    code = "insufficient_scope"

    def __init__(self, scope: Scope) -> None:
        message = _("This key lacks the scope “%(scope)s”. Make one that has it on the developers' pages.")
        super().__init__(message % {"scope": scope})
        self.scope = scope

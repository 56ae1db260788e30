"""API tokens: made, listed, revoked. The hub keeps a hash alone, so a token can be shown only when it is made."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from knox.models import AuthToken

from marketplace.accounts.models import TokenName, User
from marketplace.errors import Conflict, InvalidInput, NotFound

MAX_TOKENS = 20


@dataclass(frozen=True)
class TokenInfo:
    """`key` is the token's beginning: enough to tell it apart, far too little to use."""

    key: str
    name: str
    created: datetime


@transaction.atomic
def create_token(*, user: User, name: str = "") -> tuple[TokenInfo, str]:
    """A new token, and the text of it that is never shown again. Raises InvalidInput (name), Conflict (too many)."""
    if len(name) > 60 or not name.isprintable():
        raise InvalidInput(_("A name has at most 60 characters, none of them control characters."), field="name")
    User.objects.select_for_update().get(pk=user.pk)
    if AuthToken.objects.filter(user=user).count() >= MAX_TOKENS:
        raise Conflict(
            _("You have %(most)d tokens. Revoke one that you no longer use.") % {"most": MAX_TOKENS},
            code="too_many_tokens",
        )
    token, text = AuthToken.objects.create(user=user)
    TokenName.objects.create(token=token, name=name.strip())
    return _info(token), text


def tokens_of(user: User) -> list[TokenInfo]:
    """Newest first."""
    return [_info(token) for token in AuthToken.objects.filter(user=user).select_related("label").order_by("-created")]


def revoke_token(*, user: User, key: str) -> None:
    """Programs that use it are refused from now on. Raises NotFound for another's token too."""
    removed, _rows = AuthToken.objects.filter(user=user, token_key=key).delete()
    if not removed:
        raise NotFound(_("There is no such token."))


def _info(token: AuthToken) -> TokenInfo:
    label = getattr(token, "label", None)  # one made by knox's own means has no name
    return TokenInfo(token.token_key, label.name if label else "", token.created)

"""Who a bearer token speaks for: one query for a key, and one for an access token."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from marketplace.accounts import access_tokens
from marketplace.accounts.credentials import is_live, matching
from marketplace.accounts.models import Credential
from marketplace.accounts.scopes import covers
from marketplace.accounts.secrets import digest

# A request must not cost a write: the time of the last use is this exact and no more.
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Caller:
    """A program that has shown a credential, and what that is good for."""

    credential: Credential
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return covers(self.scopes, scope)


def caller_of(token: str) -> Caller | None:
    """None for a token that is unknown, expired or revoked."""
    caller = _of_access_token(token) if token.startswith(access_tokens.PREFIX) else _of_key(token)
    if caller is not None:
        note_use(caller.credential)
    return caller


def note_use(credential: Credential) -> None:
    now = timezone.now()
    before = now - NOTED_EVERY
    if credential.last_used_at is None or credential.last_used_at <= before:
        # The condition again, so that of many at once one writes.
        stale = Q(last_used_at=None) | Q(last_used_at__lte=before)
        Credential.objects.filter(stale, pk=credential.pk).update(last_used_at=now)


def _of_key(key: str) -> Caller | None:
    credential = matching(digest(key), Credential.Kind.KEY)
    return None if credential is None else Caller(credential, frozenset(credential.scopes))


def _of_access_token(token: str) -> Caller | None:
    told = access_tokens.read(token)
    if told is None:
        return None
    client_id, scopes = told
    clients = Credential.objects.select_related("account").filter(pk=client_id, kind=Credential.Kind.CLIENT)
    client = clients.filter(~access_tokens.has_ended(token)).first()
    if client is None or not is_live(client, timezone.now()) or not client.account.is_active:
        return None
    return Caller(client, scopes)

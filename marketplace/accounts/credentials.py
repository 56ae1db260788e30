"""API keys and OAuth clients: made, rotated and revoked. A secret is shown when it is made, and never again."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import Credential, OlderSecret, Organisation, User
from marketplace.accounts.scopes import checked_scopes
from marketplace.accounts.secrets import (
    KEY_PREFIX,
    LABEL_LENGTH,
    SECRET_PREFIX,
    digest,
    new_client_id,
    new_secret,
)
from marketplace.errors import Conflict, InvalidInput, NotFound
from marketplace.kept import Kept, Rows

log = structlog.get_logger(__name__)

Kind = Credential.Kind
MAX_CREDENTIALS = 20
MAX_OVERLAP = timedelta(days=7)
USUAL_OVERLAP = timedelta(days=1)
NOTHING_LEFT = timedelta(0)


@transaction.atomic
def make_credential(
    *,
    kind: str = Kind.KEY,
    account: User,
    made_by: User | None = None,
    name: str = "",
    scopes: Iterable[str],
    expires_at: datetime | None = None,
) -> tuple[Credential, str]:
    """A new one and its secret. Raises InvalidInput (name, scopes, expiry) or Conflict (too many)."""
    _refuse_name(name)
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInput(_("Choose a day that is still to come."), code="already_past", field="expires_at")
    _refuse_too_many(account)
    secret = new_secret(KEY_PREFIX if kind == Kind.KEY else SECRET_PREFIX)
    credential = Credential.objects.create(
        kind=kind,
        account=account,
        made_by=made_by or account,
        name=name.strip(),
        label=secret[:LABEL_LENGTH] if kind == Kind.KEY else new_client_id(),
        digest=digest(secret),
        scopes=checked_scopes(scopes),
        expires_at=expires_at,
    )
    log.info("credential.made", credential=credential.pk, kind=kind, account=account.pk)
    return credential, secret


@transaction.atomic
def rotate(*, credential: Credential, overlap: timedelta = USUAL_OVERLAP) -> str:
    """The new secret. The one before holds for the overlap, and those before that for as long as was chosen for them.

    Without an overlap all of them end at once: one that got into wrong hands is never kept by an earlier choice.
    Raises InvalidInput for an overlap that is too long, Conflict where there is nothing left to rotate.
    """
    if not NOTHING_LEFT <= overlap <= MAX_OVERLAP:
        message = _("The old secret can hold for up to %(days)d days. Choose less.") % {"days": MAX_OVERLAP.days}
        raise InvalidInput(message, code="overlap_too_long", field="overlap_hours")
    now, current = timezone.now(), Credential.objects.select_for_update().get(pk=credential.pk)
    if not is_live(current, now):
        raise Conflict(_("This one has expired or was revoked. Make a new one."), code="credential_ended")
    secret = new_secret(KEY_PREFIX if current.kind == Kind.KEY else SECRET_PREFIX)
    _keep_older(current, now, overlap)
    credential.previous_digest, credential.previous_until = current.digest, now + overlap
    credential.digest = digest(secret)
    if credential.kind == Kind.KEY:
        credential.label = secret[:LABEL_LENGTH]
    credential.save(update_fields=["previous_digest", "previous_until", "digest", "label"])
    log.info("credential.rotated", credential=credential.pk)
    return secret


def revoke(*, credential: Credential) -> None:
    """Programs that use it, or a token that it got, are refused from now on."""
    Credential.objects.filter(pk=credential.pk, revoked_at=None).update(revoked_at=timezone.now())
    log.info("credential.revoked", credential=credential.pk)


def is_live(credential: Credential, now: datetime) -> bool:
    return credential.revoked_at is None and (credential.expires_at is None or credential.expires_at > now)


def credentials_of(account: User, kind: str) -> QuerySet[Credential]:
    """Those that were not revoked, newest first, with who made them."""
    held = Credential.objects.filter(account=account, kind=kind, revoked_at=None)
    return held.select_related("made_by").order_by("-created_at", "-pk")


def own_credential(account: User, kind: str, credential_id: int) -> Credential:
    """Raises NotFound for another's too, and for one that was revoked."""
    credential = credentials_of(account, kind).filter(pk=credential_id).first()
    if credential is None:
        raise NotFound(_("There is no such key."), code="no_such_key")
    return credential


def _keep_older(credential: Credential, now: datetime, overlap: timedelta) -> None:
    over = Q() if overlap == NOTHING_LEFT else Q(holds_until__lte=now)
    credential.older_secrets.filter(over).delete()
    previous, until = credential.previous_digest, credential.previous_until
    if overlap > NOTHING_LEFT and previous is not None and until is not None and until > now:
        OlderSecret.objects.create(credential=credential, digest=previous, holds_until=until)


def _refuse_name(name: str) -> None:
    if len(name) > 60 or not name.isprintable():
        raise InvalidInput(_("A name has at most 60 characters, none of them control characters."), field="name")


def _refuse_too_many(account: User) -> None:
    User.objects.select_for_update().get(pk=account.pk)  # of two that are made at once, the second counts the first
    live = Credential.objects.filter(account=account, revoked_at=None).exclude(expires_at__lte=timezone.now())
    if live.count() >= MAX_CREDENTIALS:
        message = _("There are %(most)d keys and clients. Revoke one that is no longer used.")
        raise Conflict(message % {"most": MAX_CREDENTIALS}, code="too_many_keys")


def matching(secret_digest: str, kind: str) -> Credential | None:
    """By any of its secrets, with its account and organisation at hand; None unless it holds at this moment."""
    held, now = _by_digest.get([secret_digest]).get(secret_digest), timezone.now()
    if held is None or (held.until is not None and held.until <= now):
        return None
    credential = held.credential
    holds = credential.kind == kind and is_live(credential, now) and credential.account.is_active
    return credential if holds else None


@dataclass(frozen=True)
class _Held:
    """A credential as found by one of its secrets, and until when that is good; None: as long as the credential is."""

    credential: Credential
    until: datetime | None


def _with_digests(digests: Collection[str]) -> dict[str, _Held]:
    either = Q(digest__in=digests) | Q(previous_digest__in=digests)
    held: dict[str, _Held] = {}
    for each in Credential.objects.select_related("account__organisation").filter(either):
        held[each.digest] = _Held(each, None)
        if each.previous_digest is not None:
            held[each.previous_digest] = _Held(each, each.previous_until)
    if missing := set(digests) - held.keys():
        older = OlderSecret.objects.select_related("credential__account__organisation")
        held |= {each.digest: _Held(each.credential, each.holds_until) for each in older.filter(digest__in=missing)}
    return {digest: each for digest, each in held.items() if digest in digests}


def _rows_of(held: _Held) -> list[Rows]:
    """Older secrets come and go with a rotation alone, which changes the credential's own row."""
    credential = held.credential
    account = credential.account_id
    return [Rows(Credential, "id", credential.pk), Rows(User, "id", account), Rows(Organisation, "account_id", account)]


_by_digest = Kept(_with_digests, _rows_of)

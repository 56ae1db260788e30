"""Endpoints: made, changed, given a new secret, deleted by their account."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hub.settings.site import site_config
from marketplace.accounts.models import User
from marketplace.errors import Conflict, InvalidInput
from marketplace.webhooks.destinations import read_destination
from marketplace.webhooks.kinds import subscribable
from marketplace.webhooks.models import Endpoint
from marketplace.webhooks.outcomes import switch_off
from marketplace.webhooks.signing import new_secret

MAX_ENDPOINTS = 10
OVERLAP = timedelta(hours=24)
Disabled = Endpoint.Disabled


@transaction.atomic
def create_endpoint(*, account: User, url: str, kinds: Sequence[str] = (), description: str = "") -> Endpoint:
    """A new endpoint with a secret of its own. Raises InvalidInput (url, kinds, description), Conflict (too many)."""
    fields = _checked(url=url, kinds=kinds, description=description)
    User.objects.select_for_update().get(pk=account.pk)
    if Endpoint.objects.filter(account=account).count() >= MAX_ENDPOINTS:
        raise Conflict(
            _("You have %(most)d endpoints. Delete one that you no longer use.") % {"most": MAX_ENDPOINTS},
            code="too_many_endpoints",
        )
    return Endpoint.objects.create(account=account, secret=new_secret(), **fields)


@transaction.atomic
def change_endpoint(*, endpoint: Endpoint, enabled: bool | None = None, **changes: Any) -> None:
    """Change `url`, `kinds` or `description`, or switch it on or off. Raises InvalidInput."""
    fields = _checked(**changes)
    for name, value in fields.items():
        setattr(endpoint, name, value)
    if fields:
        endpoint.save(update_fields=list(fields))
    if enabled is True and not endpoint.is_on:
        _switch_on(endpoint)
    elif enabled is False and endpoint.disabled != Disabled.OWNER:
        switch_off(endpoint, Disabled.OWNER)


def rotate_secret(*, endpoint: Endpoint) -> str:
    """A new secret. For a day the old one signs too, so that receivers can take the new one without losing a message."""
    secret = new_secret()
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, timezone.now() + OVERLAP
    endpoint.secret = secret
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return secret


def delete_endpoint(*, endpoint: Endpoint) -> None:
    """Its log goes with it."""
    endpoint.delete()


def _switch_on(endpoint: Endpoint) -> None:
    endpoint.disabled, endpoint.failing_since, endpoint.owner_knows = Disabled.NOT, None, True
    endpoint.save(update_fields=["disabled", "failing_since", "owner_knows"])


def _checked(**fields: Any) -> dict[str, Any]:
    """The fields that are given, each as it is kept."""
    if "url" in fields:
        fields["url"] = fields["url"].strip()
        read_destination(fields["url"], local_hosts=site_config().webhook_local_hosts)
    if "kinds" in fields:
        fields["kinds"] = _checked_kinds(fields["kinds"])
    if "description" in fields:
        fields["description"] = _checked_description(fields["description"])
    return fields


def _checked_kinds(kinds: Sequence[str]) -> list[str]:
    known = subscribable()
    for kind in kinds:
        if kind not in known:
            raise InvalidInput(
                _("There is no kind of event called “%(kind)s”. GET /api/v1/webhooks/kinds lists them.")
                % {"kind": kind[:60]},
                code="unknown_event_kind",
                field="kinds",
            )
    return sorted(set(kinds))


def _checked_description(text: str) -> str:
    text = text.strip()
    if len(text) > 200 or not text.isprintable():
        raise InvalidInput(
            _("A description has at most 200 characters, none of them control characters."),
            code="bad_description",
            field="description",
        )
    return text

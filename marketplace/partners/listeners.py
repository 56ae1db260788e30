"""Follows the catalogue: what is published may be licensed at once, and what is withdrawn no longer is."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from marketplace.catalogue.announcements import PUBLISHED, WITHDRAWN
from marketplace.catalogue.models import StyleVersion
from marketplace.events import Event, announced
from marketplace.partners.matrix import index
from marketplace.partners.revoking import revoke_all_of


@receiver(announced, dispatch_uid="partners.catalogue")
def follow(sender: Any, event: Event, **_rest: Any) -> None:  # noqa: ARG001 - the signal's signature
    if event.kind not in (PUBLISHED.name, WITHDRAWN.name):
        return
    version = StyleVersion.objects.select_related("style").get(pk=event.data["version"])
    index(version)
    if event.kind == WITHDRAWN.name:
        revoke_all_of(version, reason=_("Its creator withdrew this version."))

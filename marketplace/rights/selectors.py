"""Which names that asked not to be imitated occur in a text."""

from datetime import datetime
from functools import lru_cache

from django.db.models import Count, Max

from hub.plugin_api import FoldedText
from marketplace.rights.models import OptOutName

Fingerprint = tuple[int, int | None, datetime | None]


def opted_out_names(text: str) -> list[str]:
    """The listed names that `text` holds, as they were listed, in alphabetical order."""
    prepared = FoldedText.of(text)
    return [name for name, folded in _listed(_fingerprint()) if prepared.holds(folded)]


def _fingerprint() -> Fingerprint:
    """Changes with every change of the list, in whichever process: rows are added and removed, never edited."""
    row = OptOutName.objects.aggregate(count=Count("id"), newest=Max("id"), at=Max("created_at"))
    return row["count"], row["newest"], row["at"]


@lru_cache(maxsize=1)
def _listed(fingerprint: Fingerprint) -> tuple[tuple[str, str], ...]:  # noqa: ARG001 - it is the cache's key
    return tuple(OptOutName.objects.order_by("name").values_list("name", "folded"))

"""Which names that asked not to be imitated occur in a text."""

from functools import lru_cache

from django.db import connection

from hub.plugin_api import FoldedText
from marketplace.rights.models import OptOutName

# Each as it was listed, and folded for comparing.
Listed = tuple[tuple[str, str], ...]
Fingerprint = tuple[int, int | None, str]
# Asked with every order, and to the ORM the most expensive question of all.
FINGERPRINT = "SELECT COUNT(id), MAX(id), MAX(created_at) FROM rights_optoutname"


def opted_out_names(text: str, listed: Listed | None = None) -> list[str]:
    """The listed names that `text` holds, as they were listed, in alphabetical order."""
    names = listed_names() if listed is None else listed
    prepared = FoldedText.of(text) if names else None
    return [name for name, folded in names if prepared and prepared.holds(folded)]


def listed_names() -> Listed:
    """All of them as they are now, for whoever looks for them in many texts."""
    return _listed(_fingerprint())


def _fingerprint() -> Fingerprint:
    """Changes with every change of the list, in whichever process: rows are added and removed, never edited."""
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT)
        count, newest, at = cursor.fetchone()
    return count, newest, str(at)


@lru_cache(maxsize=1)
def _listed(fingerprint: Fingerprint) -> Listed:  # noqa: ARG001 - it is the cache's key
    return tuple(OptOutName.objects.order_by("name").values_list("name", "folded"))

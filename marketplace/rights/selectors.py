"""Which names that asked not to be imitated occur in a text."""

from functools import lru_cache

from django.db import connection

from hub.plugin_api import Names
from marketplace.rights.models import OptOutName

# Asked with every order; the row is written anew with every change of the list (see list_mark.py).
MARK = "SELECT mark FROM rights_optoutlist"


def opted_out_names(text: str, listed: Names | None = None) -> list[str]:
    """The listed names that `text` holds, as they were listed, in alphabetical order."""
    return (listed_names() if listed is None else listed).found_in(text)


def listed_names() -> Names:
    """All of them as they are now, for whoever looks for them in many texts."""
    return _listed(_mark())


def _mark() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(MARK)
        row = cursor.fetchone()
    return str(row[0]) if row else None


@lru_cache(maxsize=1)
def _listed(mark: str | None) -> Names:  # noqa: ARG001 - it is the cache's key
    return Names.of(OptOutName.objects.order_by("name").values_list("name", "folded"))

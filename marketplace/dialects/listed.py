"""What APIs list, written once and kept until something in it changes. Programs ask at each start, and the catalogue is long.

Decision 26 says why a mark of the rows, asked for each time, and not a time to live.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from rest_framework.renderers import JSONRenderer

from marketplace.accounts.models import User
from marketplace.catalogue.models import BaseModel, Pack, Style, StyleVersion
from marketplace.licences.rules import Act, Use
from marketplace.licences.selectors import permitting

# Lists of these APIs have no pages. Older versions are drawn with by their ids all the same.
MOST_VERSIONS = 1_000
TABLES = {
    name: model._meta.db_table
    for name, model in {"v": StyleVersion, "s": Style, "u": User, "p": Pack, "b": BaseModel}.items()
}
SQL = """
SELECT
    (SELECT md5(string_agg((b.ctid, b.xmin)::text, ',' ORDER BY b.id)) FROM {b} b),
    (SELECT md5(string_agg((v.ctid, v.xmin, s.ctid, s.xmin, u.ctid, u.xmin, p.ctid, p.xmin)::text, ',' ORDER BY v.id))
     FROM {v} v JOIN {s} s ON s.id = v.style_id JOIN {u} u ON u.id = s.creator_id JOIN {p} p ON p.id = v.pack_id
     WHERE v.id IN ({ids}))
"""


def newest_versions(engines: list[str]) -> QuerySet[StyleVersion]:
    """Those that can be drawn with today, on bases of these engines, newest first."""
    today = permitting(Use(act=Act.GENERATE, on=timezone.now().date()))
    on_offer = StyleVersion.objects.filter(today, state=StyleVersion.State.PUBLISHED)
    bases = {"pack__base_model__enabled": True, "pack__base_model__engine__in": engines}
    return on_offer.filter(**bases).order_by("-pk")[:MOST_VERSIONS]


class KeptList:
    """One API's list as bytes. `engines` are those that answer, in the order of the catalogue."""

    def __init__(self, write: Callable[[], Any]) -> None:
        self._write = write
        self._written: dict[str, tuple[object, bytes]] = {}
        self._lock = Lock()

    def content(self, engines: list[str], names: object) -> bytes:
        """`names` are whatever else the list is made of; a copy is kept for each language."""
        # Taken before the rows are read: at worst what is read is newer, and is read once more.
        mark = (_mark(engines), sorted(engines), names)
        language = get_language() or settings.LANGUAGE_CODE
        kept = self._written.get(language)
        if kept is not None and mark[0] is not None and kept[0] == mark:
            return kept[1]
        content: bytes = JSONRenderer().render(self._write())
        with self._lock:
            self._written[language] = (mark, content)
        return content


def _mark(engines: list[str]) -> tuple[str, str] | None:
    """Of the place and the writer of every row that is read; None where the database doesn't tell them."""
    if connection.vendor != "postgresql" or not engines:
        return None
    ids, values = newest_versions(engines).values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(SQL.format(**TABLES, ids=ids), values)
        bases, versions = cursor.fetchone()
    return str(bases), str(versions)

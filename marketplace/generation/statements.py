"""What every order asks of its table, as SQL: to build it anew each time takes the ORM longer than PostgreSQL to answer."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model
from django.utils import timezone

from marketplace.generation.models import Generation

AHEAD = (
    "SELECT COUNT(*) FROM generation_generation JOIN catalogue_basemodel ON catalogue_basemodel.id = base_model_id "
    "WHERE state = 'queued' AND engine = %s AND created_at < %s"
)
NOT_WAITING_ITS_TURN = "AND (NOT paced OR sent_at IS NOT NULL)"
SENT = (
    "UPDATE generation_generation SET sent_at = %s, times_sent = times_sent + 1 "
    "WHERE id = %s AND attempt = %s AND state = 'queued'"
)
# Needs not be on the disk when it is answered: where a crash of PostgreSQL forgets it, the message is sent once more.
WITHOUT_WAITING_FOR_THE_DISK = "AND set_config('synchronous_commit', 'off', true) IS NOT NULL"


def insert(row: Model, parts: Sequence[Model]) -> None:
    """A new row and those of one other model that name it, as `save` would write them; numbered ones learn their numbers."""
    if not parts or connection.vendor != "postgresql":  # only there one INSERT carries another
        _saved([row], *_insert([row]))
        if parts:
            _saved(parts, *_insert(parts))
        return
    (whole, values), (sql, others) = _insert([row]), _insert(parts)
    _saved(parts, f"WITH whole AS ({whole}) {sql}", [*values, *others])
    row._state.adding, row._state.db = False, connection.alias


def _insert(rows: Sequence[Model]) -> tuple[str, list[Any]]:
    fields, numbered = _inserted(type(rows[0]))
    columns = ", ".join(str(field.column) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    sql = f"INSERT INTO {rows[0]._meta.db_table} ({columns}) VALUES {places}"  # noqa: S608 - every value is a parameter
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows for field in fields]
    return f"{sql} RETURNING id" if numbered else sql, values


def _saved(rows: Sequence[Model], sql: str, values: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        numbers = cursor.fetchall() if _inserted(type(rows[0]))[1] else [(row.pk,) for row in rows]
    for row, (number,) in zip(rows, numbers, strict=True):
        row.pk = number
        row._state.adding, row._state.db = False, connection.alias


@cache
def _inserted(model: type[Model]) -> "tuple[list[Field[Any, Any]], bool]":
    """The fields that are written, and whether the database gives each row its number."""
    fields = list(model._meta.local_concrete_fields)
    numbered = bool(fields[0].db_returning)
    return fields[numbered:], numbered


def count_ahead(engine: str, before: datetime, *, of_those_sent: bool) -> int:
    """How many of this engine wait since before then; without what batches hold back, or with it."""
    with connection.cursor() as cursor:
        cursor.execute(_ahead(of_those_sent), [engine, _stored(before)])
        return int(cursor.fetchone()[0])


def note_sent(generation: Generation) -> int | None:
    """Unless it has started since. How many are ahead of it, where one statement says both."""
    values: list[Any] = [_stored(timezone.now()), generation.pk.hex, generation.attempt]
    # In a transaction it would hold for all that is in it.
    alone = connection.vendor == "postgresql" and not connection.in_atomic_block
    with connection.cursor() as cursor:
        if not alone:
            cursor.execute(SENT, values)
            return None
        sql = f"WITH sent AS ({SENT} {WITHOUT_WAITING_FOR_THE_DISK}) {_ahead(of_those_sent=True)}"
        cursor.execute(sql, [*values, generation.base_model.engine, _stored(generation.created_at)])
        return int(cursor.fetchone()[0])


def _ahead(of_those_sent: bool) -> str:
    return f"{AHEAD} {NOT_WAITING_ITS_TURN}" if of_those_sent else AHEAD


def _stored(at: datetime) -> str:
    return connection.ops.adapt_datetimefield_value(at)  # type: ignore[return-value]  # as each database wants it

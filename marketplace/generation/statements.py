"""What every order asks of its table, as SQL: to build it anew each time takes the ORM longer than PostgreSQL to answer."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model
from django.utils import timezone

from marketplace.generation.models import Generation, GenerationAdapter

AHEAD = (
    "SELECT COUNT(*) FROM generation_generation JOIN catalogue_basemodel ON catalogue_basemodel.id = base_model_id "
    "WHERE state = 'queued' AND engine = %s AND created_at < %s"
)
NOT_WAITING_ITS_TURN = "AND (NOT paced OR sent_at IS NOT NULL)"
SENT = (
    "UPDATE generation_generation SET sent_at = %s, times_sent = times_sent + 1 "
    "WHERE id = %s AND attempt = %s AND state = 'queued'"
)
NOT_SENT = (
    "UPDATE generation_generation SET sent_at = NULL, times_sent = 0 "
    "WHERE id = %s AND attempt = %s AND state = 'queued' AND times_sent = 1"
)


def insert(generation: Generation, styles: Sequence[GenerationAdapter]) -> None:
    """As `save` would write them. Styles learn their numbers, and the generation how many are ahead of it, where one
    statement says all that."""
    if connection.vendor != "postgresql":
        _insert_one_by_one(generation, styles)
        return
    whole, values = _inserting([generation])
    parts, others = _inserting(styles) if styles else ("SELECT 0 AS id WHERE FALSE", [])
    ahead, of_whom = _ahead(of_those_sent=True), [generation.base_model.engine, _stored(generation.created_at)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH whole AS ({whole}), part AS ({parts}) SELECT ({ahead}), ARRAY(SELECT id FROM part)",  # noqa: S608 - every value is a parameter
            [*values, *others, *of_whom],
        )
        generation.ahead, numbers = cursor.fetchone()
    _saved([generation, *styles], [generation.pk, *numbers])


def _insert_one_by_one(generation: Generation, styles: Sequence[GenerationAdapter]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(*_inserting([generation]))
        numbers: list[Any] = []
        if styles:
            cursor.execute(*_inserting(styles))
            numbers = [number for (number,) in cursor.fetchall()]
    _saved([generation, *styles], [generation.pk, *numbers])


def _inserting(rows: Sequence[Model]) -> tuple[str, list[Any]]:
    fields, numbered = _inserted(type(rows[0]))
    columns = ", ".join(str(field.column) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    sql = f"INSERT INTO {rows[0]._meta.db_table} ({columns}) VALUES {places}"  # noqa: S608 - every value is a parameter
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows for field in fields]
    return f"{sql} RETURNING id" if numbered else sql, values


def _saved(rows: Sequence[Model], numbers: Sequence[Any]) -> None:
    for row, number in zip(rows, numbers, strict=True):
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


def note_sent(generation: Generation) -> None:
    """Once more, unless it has started since."""
    with connection.cursor() as cursor:
        cursor.execute(SENT, [_stored(timezone.now()), generation.pk.hex, generation.attempt])


def note_not_sent(generation: Generation) -> None:
    """What was saved as sent was not; unless somebody has sent it again since."""
    with connection.cursor() as cursor:
        cursor.execute(NOT_SENT, [generation.pk.hex, generation.attempt])


def _ahead(of_those_sent: bool) -> str:
    return f"{AHEAD} {NOT_WAITING_ITS_TURN}" if of_those_sent else AHEAD


def _stored(at: datetime) -> str:
    return connection.ops.adapt_datetimefield_value(at)  # type: ignore[return-value]  # as each database wants it

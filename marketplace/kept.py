"""What was read of rows that seldom change, kept from one request to the next for as long as none of them has changed.

PostgreSQL writes a row that changes anew: at another place (`ctid`), by another transaction (`xmin`). One statement asks for
both of every row that something was read from, and where they are as before, so is what was read. So what is kept is never
older than what a query finds in that moment, whoever changed a row and in whichever process. Decision 26 has the reasons.
"""

import pickle
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from django.db import connection
from django.db.models import Model

K = TypeVar("K")
T = TypeVar("T")
MOST = 4_096


@dataclass(frozen=True)
class Rows:
    """Those whose `column` has this value; whoever adds one or takes one away changes them too."""

    model: type[Model]
    column: str
    value: int


Marks = Mapping[Rows, Sequence[str]]


@dataclass(frozen=True)
class _Cell:
    rows: tuple[Rows, ...]
    # Taken before the rows were read: at worst what was read is newer, and is read once more. None for rows not asked about.
    marks: tuple[Sequence[str] | None, ...]
    pickled: bytes


class Kept(Generic[K, T]):
    """`read` finds what there is by key, and `rows` names every row that it was read from."""

    def __init__(
        self, read: Callable[[Collection[K]], Mapping[K, T]], rows: Callable[[T], Iterable[Rows]], most: int = MOST
    ) -> None:
        self._read, self._rows_of, self._most = read, rows, most
        self._cells: dict[K, _Cell] = {}
        self._lock = Lock()

    def rows(self, keys: Collection[K]) -> list[Rows]:
        """What to ask about before `get`, where one statement is to ask for several."""
        return [row for key in keys if (cell := self._cells.get(key)) for row in cell.rows]

    def get(self, keys: Collection[K], marks: Marks | None = None) -> dict[K, T]:
        """By key as it is now, where there is one: a copy of the caller's own, which others never see changed.

        `marks` are of this moment and this transaction, where the caller has asked already.
        """
        if connection.vendor != "postgresql":  # SQLite doesn't tell when a row was changed
            return dict(self._read(keys))
        marks = marks_of(self.rows(keys)) if marks is None else marks
        known = {key: cell for key in keys if (cell := self._cells.get(key))}
        found = {key: pickle.loads(cell.pickled) for key, cell in known.items() if _holds(cell, marks)}  # noqa: S301 - our own
        missing = [key for key in keys if key not in found]
        return found | {key: self._keep(key, value, marks) for key, value in self._read_if(missing)}

    def _read_if(self, missing: Sequence[K]) -> Iterable[tuple[K, T]]:
        return self._read(missing).items() if missing else ()

    def _keep(self, key: K, value: T, marks: Marks) -> T:
        rows = tuple(dict.fromkeys(self._rows_of(value)))
        cell = _Cell(rows, tuple(marks.get(row) for row in rows), pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
        with self._lock:
            self._cells.pop(key, None)
            while len(self._cells) >= self._most:
                del self._cells[next(iter(self._cells))]
            self._cells[key] = cell
        return value


def marks_of(rows: Iterable[Rows]) -> Marks:
    """Where they lie and who wrote them, in this moment."""
    marks: dict[Rows, list[str]] = {row: [] for row in rows}
    if not marks or connection.vendor != "postgresql":
        return {}
    sources = list(dict.fromkeys((row.model, row.column) for row in marks))
    values = [[row.value for row in marks if (row.model, row.column) == source] for source in sources]
    sql = " UNION ALL ".join(_select(number, *sources[number], len(each)) for number, each in enumerate(values))
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for each in values for value in each])
        for number, value, mark in cursor.fetchall():
            model, column = sources[number]
            marks[Rows(model, column, value)].append(mark)
    return {row: sorted(found) for row, found in marks.items()}


def _holds(cell: _Cell, marks: Marks) -> bool:
    return all(mark is not None and mark == marks.get(row) for row, mark in zip(cell.rows, cell.marks, strict=True))


def _select(number: int, model: type[Model], column: str, count: int) -> str:
    places = ", ".join(["%s"] * count)
    table = model._meta.db_table
    return f"SELECT {number}, {column}, (ctid, xmin)::text FROM {table} WHERE {column} IN ({places})"  # noqa: S608 - every value is a parameter

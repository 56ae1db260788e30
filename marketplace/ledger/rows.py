"""The statements behind every posting, as SQL: to build them anew each time, the ORM takes most of a posting's time."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

from marketplace.ledger.lines import AccountName
from marketplace.ledger.models import Entry, Transaction

# As PostgreSQL names its locks; SQLite has none, and there the whole IMMEDIATE transaction is the lock.
SPENDING, GAINING = "NO KEY UPDATE", "KEY SHARE"


def locked_accounts(names: Collection[AccountName], lock: str) -> dict[AccountName, int]:
    """The ids of those that exist, locked in the order of their ids."""
    if not names:
        return {}
    conditions = [_condition(name) for name in names]
    found = " OR ".join(f"({sql})" for sql, _ in conditions)
    sql = f"SELECT kind, owner_id, currency, organisation_id, id FROM ledger_account WHERE {found} ORDER BY id"  # noqa: S608 - every value is a parameter
    if connection.vendor == "postgresql":
        sql += f" FOR {lock}"
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for _, values in conditions for value in values])
        return {
            AccountName(kind, owner or 0, currency, organisation or 0): id_
            for kind, owner, currency, organisation, id_ in cursor.fetchall()
        }


def add_transaction(posted: Transaction) -> bool:
    """False where its key stands already; one who writes the same key in this moment is waited for."""
    added = _insert([posted], ending="ON CONFLICT (key) DO NOTHING")
    posted._state.adding = False
    return added == 1


def add_entries(entries: Sequence[Entry]) -> None:
    _insert(entries)


def _condition(name: AccountName) -> tuple[str, list[Any]]:
    """SQL that an index answers: to "=" a NULL is no value, and to IS NOT DISTINCT FROM no index."""
    holders = {"owner_id": name.owner_id, "organisation_id": name.organisation_id}
    held = [f"{column} = %s" if holder else f"{column} IS NULL" for column, holder in holders.items()]
    return " AND ".join(["kind = %s", "currency = %s", *held]), [
        name.kind,
        name.currency,
        *filter(None, holders.values()),
    ]


def _insert(rows: Sequence[Model], ending: str = "") -> int:
    """Write all in one statement, as the ORM would write their fields; returns how many were written."""
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if field.get_internal_type() != "BigAutoField"]
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows for field in fields]
    columns = ", ".join(connection.ops.quote_name(field.attname) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {meta.db_table} ({columns}) VALUES {places} {ending}", values)  # noqa: S608 - as above
        return int(cursor.rowcount)

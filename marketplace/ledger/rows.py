"""The statements behind every posting, as SQL: to build them anew each time, the ORM takes most of a posting's time."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection

from marketplace.ledger.lines import AccountName, Line
from marketplace.ledger.models import Transaction

TRANSACTIONS = "INSERT INTO ledger_transaction (id, key, kind, created_at, settles_id, about_id, expires_at) VALUES"
TRANSACTION = "(%s, %s, %s, %s, %s, %s, %s)"
UNLESS_THERE = "ON CONFLICT (key) DO NOTHING"
ENTRIES = "INSERT INTO ledger_entry (transaction_id, account_id, amount_micro, subject, role) VALUES"
ENTRY = "(%s, %s, %s, %s, %s)"
# As PostgreSQL names its locks; SQLite has none, and there the whole IMMEDIATE transaction is the lock.
SPENDING, GAINING = "FOR NO KEY UPDATE", "FOR KEY SHARE"


def locked_accounts(spent: Collection[AccountName], gaining: Collection[AccountName]) -> dict[AccountName, int]:
    """The ids of those that exist. Locked are those that are spent from, then the others, each in the order of ids."""
    parts = [_locking(names, lock) for names, lock in ((spent, SPENDING), (gaining, GAINING)) if names]
    ctes = ", ".join(f"part{number} AS ({sql})" for number, (sql, _) in enumerate(parts))
    union = " UNION ALL ".join(f"SELECT * FROM part{number}" for number in range(len(parts)))  # noqa: S608 - every value is a parameter
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {ctes} {union}", [value for _, values in parts for value in values])
        return {
            AccountName(kind, owner or 0, currency, organisation or 0): id_
            for kind, owner, currency, organisation, id_ in cursor.fetchall()
        }


def _locking(names: Collection[AccountName], lock: str) -> tuple[str, list[Any]]:
    conditions = [_condition(name) for name in names]
    found = " OR ".join(f"({sql})" for sql, _ in conditions)
    sql = f"SELECT kind, owner_id, currency, organisation_id, id FROM ledger_account WHERE {found} ORDER BY id"  # noqa: S608 - as above
    values = [value for _, values in conditions for value in values]
    return f"{sql} {lock}" if connection.vendor == "postgresql" else sql, values


def add_transaction(posted: Transaction) -> bool:
    """False where its key stands already; one who writes the same key in this moment is waited for."""
    return add_transactions([posted]) == 1


def add_transactions(posted: Sequence[Transaction]) -> int:
    """How many of their keys were new."""
    values = [value for each in posted for value in _row(each)]
    with connection.cursor() as cursor:
        cursor.execute(f"{TRANSACTIONS} {', '.join([TRANSACTION] * len(posted))} {UNLESS_THERE}", values)
        return int(cursor.rowcount)


def add_entries(posted: Transaction, lines: Sequence[Line], accounts: Mapping[AccountName, int]) -> None:
    add_all_entries([(posted, lines)], accounts)


def add_all_entries(posted: Sequence[tuple[Transaction, Sequence[Line]]], accounts: Mapping[AccountName, int]) -> None:
    rows = [
        (each.pk.hex, accounts[line.account], line.amount_micro, line.subject, line.role)
        for each, lines in posted
        for line in lines
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"{ENTRIES} {', '.join([ENTRY] * len(rows))}", [value for row in rows for value in row])


def _row(posted: Transaction) -> list[Any]:
    as_stored = connection.ops.adapt_datetimefield_value
    links = [posted.settles_id and posted.settles_id.hex, posted.about_id and posted.about_id.hex]
    expires_at = posted.expires_at and as_stored(posted.expires_at)
    return [posted.pk.hex, posted.key, posted.kind, as_stored(posted.created_at), *links, expires_at]


def _condition(name: AccountName) -> tuple[str, list[Any]]:
    """SQL that an index answers: to "=" a NULL is no value, and to IS NOT DISTINCT FROM no index."""
    holders = {"owner_id": name.owner_id, "organisation_id": name.organisation_id}
    held = [f"{column} = %s" if holder else f"{column} IS NULL" for column, holder in holders.items()]
    return " AND ".join(["kind = %s", "currency = %s", *held]), [
        name.kind,
        name.currency,
        *filter(None, holders.values()),
    ]

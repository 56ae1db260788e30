"""The statements behind every posting, as SQL: to build them anew each time, the ORM takes most of a posting's time."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.db import connection

from marketplace.ledger.lines import AccountName, Line
from marketplace.ledger.models import Transaction

TRANSACTIONS = "INSERT INTO ledger_transaction (id, key, kind, created_at, settles_id, about_id, expires_at) VALUES"
TRANSACTION = "(%s, %s, %s, %s, %s, %s, %s)"
UNLESS_THERE = "ON CONFLICT (key) DO NOTHING"
ENTRIES = "INSERT INTO ledger_entry (transaction_id, account_id, amount_micro, subject, role) VALUES"
ENTRY = "(%s, %s, %s, %s, %s)"
# Only PostgreSQL lets an INSERT feed another; where the key stands already, it feeds none.
BOTH = """WITH posted AS ({transaction} RETURNING id)
    INSERT INTO ledger_entry (transaction_id, account_id, amount_micro, subject, role)
    SELECT posted.id, entry.* FROM posted, (VALUES {entries}) AS entry"""
# A checkpoint that is not the newest would do as well, so its snapshot may be older than the lock.
NEWEST = """COALESCE((SELECT {field} FROM ledger_checkpoint WHERE account_id = ledger_account.id
    ORDER BY entry_id DESC LIMIT 1), 0)"""
CHECKPOINT = ", ".join(NEWEST.format(field=field) for field in ("entry_id", "balance_micro"))
NO_CHECKPOINT = "0, 0"
# As PostgreSQL names its locks; SQLite has none, and there the whole IMMEDIATE transaction is the lock.
SPENDING, GAINING = "FOR NO KEY UPDATE", "FOR KEY SHARE"


class FoundAccount(NamedTuple):
    """`balance_micro` is the sum of the entries up to `entry_id`; both are 0 where nobody asked for them."""

    id: int
    entry_id: int
    balance_micro: int


Found = dict[AccountName, FoundAccount]


def found_account(name: AccountName) -> FoundAccount | None:
    sql, values = _selecting([name], CHECKPOINT)
    return _accounts(sql, values).get(name)


def locked_accounts(spent: Collection[AccountName], gaining: Collection[AccountName]) -> Found:
    """Those that exist. Locked are those that are spent from, with their checkpoints, then the others, each in the order
    of ids.
    """
    wanted = ((spent, CHECKPOINT, SPENDING), (gaining, NO_CHECKPOINT, GAINING))
    parts = [_locking(*part) for part in wanted if part[0]]
    ctes = ", ".join(f"part{number} AS ({sql})" for number, (sql, _) in enumerate(parts))
    union = " UNION ALL ".join(f"SELECT * FROM part{number}" for number in range(len(parts)))  # noqa: S608 - every value is a parameter
    return _accounts(f"WITH {ctes} {union}", [value for _, values in parts for value in values])


def _accounts(sql: str, values: Sequence[Any]) -> Found:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {
            AccountName(kind, owner or 0, currency, organisation or 0): FoundAccount(*account)
            for kind, owner, currency, organisation, *account in cursor.fetchall()
        }


def _locking(names: Collection[AccountName], checkpoint: str, lock: str) -> tuple[str, list[Any]]:
    sql, values = _selecting(names, checkpoint)
    return f"{sql} {lock}" if connection.vendor == "postgresql" else sql, values


def _selecting(names: Collection[AccountName], checkpoint: str) -> tuple[str, list[Any]]:
    conditions = [_condition(name) for name in names]
    found = " OR ".join(f"({sql})" for sql, _ in conditions)
    fields = f"kind, owner_id, currency, organisation_id, id, {checkpoint}"
    sql = f"SELECT {fields} FROM ledger_account WHERE {found} ORDER BY id"  # noqa: S608 - as above
    return sql, [value for _, values in conditions for value in values]


def add_posting(posted: Transaction, lines: Sequence[Line], accounts: Found) -> bool:
    """A transaction with its entries. False where its key stands already; who writes it this moment is waited for."""
    if connection.vendor != "postgresql":
        new = add_transactions([posted]) == 1
        if new:
            add_all_entries([(posted, lines)], accounts)
        return new
    transaction = f"{TRANSACTIONS} {TRANSACTION} {UNLESS_THERE}"
    entries = ", ".join(["(%s, %s, %s, %s)"] * len(lines))
    values = [value for line in lines for value in _entry(line, accounts)]
    with connection.cursor() as cursor:
        cursor.execute(BOTH.format(transaction=transaction, entries=entries), [*_row(posted), *values])
        return bool(cursor.rowcount)


def add_transactions(posted: Sequence[Transaction]) -> int:
    """How many of their keys were new."""
    values = [value for each in posted for value in _row(each)]
    with connection.cursor() as cursor:
        cursor.execute(f"{TRANSACTIONS} {', '.join([TRANSACTION] * len(posted))} {UNLESS_THERE}", values)
        return int(cursor.rowcount)


def add_all_entries(posted: Sequence[tuple[Transaction, Sequence[Line]]], accounts: Found) -> None:
    rows = [(each.pk.hex, *_entry(line, accounts)) for each, lines in posted for line in lines]
    with connection.cursor() as cursor:
        cursor.execute(f"{ENTRIES} {', '.join([ENTRY] * len(rows))}", [value for row in rows for value in row])


def _entry(line: Line, accounts: Found) -> tuple[Any, ...]:
    return accounts[line.account].id, line.amount_micro, line.subject, line.role


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

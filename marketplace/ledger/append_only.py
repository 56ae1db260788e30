"""Triggers with which the database itself keeps the ledger's promises: written once, never changed, summing to zero."""

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("ledger_transaction", "ledger_entry", "ledger_checkpoint", "ledger_block", "ledger_seal")
REFUSAL = "the ledger is append-only: correct it with a new transaction"


def protect(connection: BaseDatabaseWrapper, tables: Sequence[str] = TABLES) -> None:
    """Refuse UPDATE and DELETE. PostgreSQL also checks each transaction's sum at commit, which SQLite can't."""
    _run(connection, _postgres_protect(tables) if connection.vendor == "postgresql" else _sqlite_protect(tables))


def unprotect(connection: BaseDatabaseWrapper, tables: Sequence[str] = TABLES) -> None:
    """For migrations that write a table anew, and for tests that empty the database behind them."""
    _run(connection, _postgres_unprotect(tables) if connection.vendor == "postgresql" else _sqlite_unprotect(tables))


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _sqlite_protect(tables: Sequence[str]) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for table in tables
        for event in ("UPDATE", "DELETE")
    ]


def _sqlite_unprotect(tables: Sequence[str]) -> list[str]:
    return [f"DROP TRIGGER IF EXISTS {table}_no_{event}" for table in tables for event in ("update", "delete")]


def _postgres_protect(tables: Sequence[str]) -> list[str]:
    return [*POSTGRES_FUNCTIONS, *map(_postgres_append_only, tables), POSTGRES_SUM]


def _postgres_append_only(table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()"
    )


def _postgres_unprotect(tables: Sequence[str]) -> list[str]:
    return [
        "DROP TRIGGER IF EXISTS ledger_entry_sum ON ledger_entry",
        *(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}" for table in tables),
        "DROP FUNCTION IF EXISTS ledger_check_sum()",
        "DROP FUNCTION IF EXISTS ledger_refuse_change()",
    ]


POSTGRES_FUNCTIONS = [
    f"""CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE FUNCTION ledger_check_sum() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
      IF (SELECT SUM(amount_micro) FROM ledger_entry WHERE transaction_id = NEW.transaction_id) <> 0 THEN
        RAISE EXCEPTION 'the entries of ledger transaction % do not sum to zero', NEW.transaction_id
          USING ERRCODE = 'check_violation';
      END IF;
      RETURN NULL;
    END $$""",
]
POSTGRES_SUM = (
    "CREATE CONSTRAINT TRIGGER ledger_entry_sum AFTER INSERT ON ledger_entry "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_sum()"
)

"""Triggers with which the database itself keeps the ledger's promises: written once, never changed, summing to zero."""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("ledger_transaction", "ledger_entry")
REFUSAL = "the ledger is append-only: correct it with a new transaction"


def protect(connection: BaseDatabaseWrapper) -> None:
    """Refuse UPDATE and DELETE. PostgreSQL also checks each transaction's sum at commit, which SQLite can't."""
    _run(connection, POSTGRES_PROTECT if connection.vendor == "postgresql" else SQLITE_PROTECT)


def unprotect(connection: BaseDatabaseWrapper) -> None:
    """For undoing the migration, and for tests that empty the database behind them."""
    _run(connection, POSTGRES_UNPROTECT if connection.vendor == "postgresql" else SQLITE_UNPROTECT)


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


SQLITE_PROTECT = [
    f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for table in TABLES
    for event in ("UPDATE", "DELETE")
]
SQLITE_UNPROTECT = [f"DROP TRIGGER IF EXISTS {table}_no_{event}" for table in TABLES for event in ("update", "delete")]

POSTGRES_PROTECT = [
    f"""CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$""",
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()"
        for table in TABLES
    ),
    """CREATE FUNCTION ledger_check_sum() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
      IF (SELECT SUM(amount_micro) FROM ledger_entry WHERE transaction_id = NEW.transaction_id) <> 0 THEN
        RAISE EXCEPTION 'the entries of ledger transaction % do not sum to zero', NEW.transaction_id
          USING ERRCODE = 'check_violation';
      END IF;
      RETURN NULL;
    END $$""",
    "CREATE CONSTRAINT TRIGGER ledger_entry_sum AFTER INSERT ON ledger_entry "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_sum()",
]
POSTGRES_UNPROTECT = [
    "DROP TRIGGER IF EXISTS ledger_entry_sum ON ledger_entry",
    *(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}" for table in TABLES),
    "DROP FUNCTION IF EXISTS ledger_check_sum()",
    "DROP FUNCTION IF EXISTS ledger_refuse_change()",
]

"""One sale written by hand for this one ledger: the same locks, rows and trigger, and nothing else."""

from typing import Any
from uuid import uuid4

import psycopg

ACCOUNTS = """SELECT kind, id FROM ledger_account WHERE currency = 'USD' AND (
    (kind = 'wallet' AND owner_id = %s) OR (kind = 'pending' AND owner_id = %s)
    OR (kind = 'platform_revenue' AND owner_id IS NULL AND organisation_id IS NULL))"""
SPENT = "SELECT id FROM ledger_account WHERE id = %s FOR NO KEY UPDATE"
GAINING = "SELECT id FROM ledger_account WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"
BALANCE = """WITH newest AS (
    SELECT entry_id, balance_micro FROM ledger_checkpoint WHERE account_id = %(id)s ORDER BY entry_id DESC LIMIT 1)
    SELECT COALESCE((SELECT balance_micro FROM newest), 0) + COALESCE(SUM(amount_micro), 0) FROM ledger_entry
    WHERE account_id = %(id)s AND id > COALESCE((SELECT entry_id FROM newest), 0)"""
TRANSACTION = """INSERT INTO ledger_transaction (id, key, kind, created_at) VALUES (%s, %s, 'sale', now())
    ON CONFLICT (key) DO NOTHING"""
ENTRIES = """INSERT INTO ledger_entry (transaction_id, account_id, amount_micro, subject, role) VALUES
    (%(t)s, %(wallet)s, %(all)s, '', ''), (%(t)s, %(pending)s, %(share)s, 'version:1', 'creator'),
    (%(t)s, %(platform_revenue)s, %(rest)s, 'version:1', 'platform')"""


def sell(connection: "psycopg.Connection[Any]", key: str, buyer: int, creator: int, price: int, share: int) -> None:
    """Raises ValueError when the wallet holds less. The same key again changes nothing."""
    posted = uuid4()
    with connection.transaction():
        accounts = dict(connection.execute(ACCOUNTS, (buyer, creator)).fetchall())
        connection.execute(SPENT, (accounts["wallet"],))
        connection.execute(GAINING, (sorted(accounts.values()),))
        if connection.execute(TRANSACTION, (posted, key)).rowcount == 0:
            return
        (balance,) = connection.execute(BALANCE, {"id": accounts["wallet"]}).fetchone() or (0,)
        if balance < price:
            raise ValueError("The wallet holds less.")
        parts = {"t": posted, "all": -price, "share": share, "rest": price - share}
        connection.execute(ENTRIES, {**accounts, **parts})

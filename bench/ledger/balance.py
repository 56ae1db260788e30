"""A wallet with a million entries behind it: how long its balance takes to read, beside adding them all."""

from collections.abc import Callable

from django.db import connection, transaction
from django.db.models import Sum

from bench.common import Row, row
from bench.timing import percentile, seconds
from marketplace.accounts.models import User
from marketplace.ledger import services as ledger
from marketplace.ledger.balances import WORTH_A_CHECKPOINT
from marketplace.ledger.models import Account, Entry
from marketplace.ledger.selectors import wallet_balance

ENTRIES = 1_000_000
TURNS, READS, ADDED = 5, 40, 3
AMOUNT = 100
# Rows as the ledger writes them. Their triggers are left out while they are made: they would take minutes.
FILL = """
SET LOCAL session_replication_role = replica;
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT gen_random_uuid() AS id, number FROM generate_series(1, {entries}) AS number;
INSERT INTO ledger_transaction (id, key, kind, created_at) SELECT id, 'fill:' || number, 'top_up', now() FROM made;
INSERT INTO ledger_entry (transaction_id, account_id, amount_micro, subject, role)
    SELECT id, account, amount, '', '' FROM made, (VALUES ({wallet}, {amount}), ({clearing}, -{amount})) AS entry (account, amount)
    ORDER BY number;
"""


def balance() -> Row:
    owner = User.objects.create(email="long@bench.example", display_name="Long")
    _pay_in(owner, "opens the accounts")
    _fill(owner)
    ledger.checkpoint_long_accounts()
    # As many again as may stand behind the newest checkpoint.
    for number in range(WORTH_A_CHECKPOINT - 1):
        _pay_in(owner, f"after the checkpoint {number}")
    assert wallet_balance(owner) == _added(owner)
    reads = [_p95(lambda: wallet_balance(owner)) for _ in range(TURNS)]
    rival = percentile([seconds(lambda: _added(owner)) for _ in range(ADDED)], 0.5)
    what = f"a wallet's balance with {ENTRIES:,} entries behind it, p95 of {READS}"
    return row("balance", what, "ms", "≤ 5 ms", reads, f"adding them all {1000 * rival:.0f} ms")


def _p95(read: Callable[[], int]) -> float:
    """Milliseconds."""
    return 1000 * percentile([seconds(read) for _ in range(READS)], 0.95)


def _fill(owner: User) -> None:
    wallet = Account.objects.get(owner=owner, kind=Account.Kind.WALLET)
    clearing = Account.objects.get(owner=None, kind=Account.Kind.PROVIDER_CLEARING)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FILL.format(entries=ENTRIES, wallet=wallet.pk, clearing=clearing.pk, amount=AMOUNT))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ledger_entry")


def _pay_in(owner: User, key: str) -> None:
    with transaction.atomic():
        ledger.top_up(key=key, buyer_id=owner.pk, amount_micro=AMOUNT)


def _added(owner: User) -> int:
    entries = Entry.objects.filter(account__owner=owner, account__kind=Account.Kind.WALLET)
    return int(entries.aggregate(sum=Sum("amount_micro"))["sum"])

"""What an account holds: the sum of its entries, counted from its newest checkpoint on."""

from django.db import connection, transaction
from django.db.models import Count, Max

from marketplace.ledger.models import Account, Checkpoint, Entry
from marketplace.ledger.rows import FoundAccount

# From here on, a checkpoint costs less than adding the entries once more for every order.
WORTH_A_CHECKPOINT = 500


# Two statements and no ORM: this is read at every posting, and only with the number at hand does PostgreSQL know that
# few entries follow it.
NEWEST = "SELECT entry_id, balance_micro FROM ledger_checkpoint WHERE account_id = %s ORDER BY entry_id DESC LIMIT 1"
SINCE = "SELECT COALESCE(SUM(amount_micro), 0) FROM ledger_entry WHERE account_id = %s AND id > %s"


def balance_of(account_id: int) -> int:
    """Micro-units."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, [account_id])
        return balance_since(FoundAccount(account_id, *(cursor.fetchone() or (0, 0))))


def balance_since(account: FoundAccount) -> int:
    """Micro-units, by any of the account's checkpoints. In a transaction that locked it this is what may be spent."""
    with connection.cursor() as cursor:
        cursor.execute(SINCE, [account.id, account.entry_id])
        (added,) = cursor.fetchone()
    return int(account.balance_micro + added)


def checkpoint_long_accounts() -> int:
    """Add a checkpoint to each account with many entries after its last, and say to how many."""
    due = [pk for pk in _moved_accounts() if _entries_after_checkpoint(pk) >= WORTH_A_CHECKPOINT]
    for account_id in due:
        add_checkpoint(account_id)
    return len(due)


@transaction.atomic
def add_checkpoint(account_id: int) -> None:
    """The strongest lock: it waits for every posting that already has this account, and new ones wait for it.

    So no entry with a lower number can appear after the checkpoint was made.
    """
    if connection.vendor == "postgresql":
        Account.objects.select_for_update().get(pk=account_id)
    last = Entry.objects.filter(account_id=account_id).aggregate(last=Max("id"))["last"]
    if last is not None:
        balance = balance_of(account_id)
        Checkpoint.objects.get_or_create(account_id=account_id, entry_id=last, defaults={"balance_micro": balance})


def _moved_accounts() -> list[int]:
    """Since the newest checkpoint of any account: what was long before that had its own then."""
    newest = Checkpoint.objects.aggregate(newest=Max("entry_id"))["newest"] or 0
    return list(Entry.objects.filter(id__gt=newest).values_list("account_id", flat=True).distinct())


def _entries_after_checkpoint(account_id: int) -> int:
    after = Checkpoint.objects.filter(account_id=account_id).aggregate(last=Max("entry_id"))["last"] or 0
    return int(Entry.objects.filter(account_id=account_id, id__gt=after).aggregate(count=Count("id"))["count"])

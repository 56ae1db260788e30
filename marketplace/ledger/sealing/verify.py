"""Recomputes all that the ledger promises, from its rows and the public keys, and says what does not hold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import Count, F, Max, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from marketplace.ledger.models import Account, Block, Checkpoint, Entry, Seal, Transaction
from marketplace.ledger.sealing import merkle
from marketplace.ledger.sealing.canonical import block_text, leaf_text, text_hash
from marketplace.ledger.sealing.keys import Keyring
from marketplace.ledger.sealing.posted import Posted, read
from marketplace.ledger.sealing.sealer import BEFORE_THE_FIRST

# Credit that a bank called back may already be spent.
WALLET_MAY_OWE_AFTER = ("dispute",)
Faults = Iterator[str]


@dataclass(frozen=True)
class Check:
    """One promise; `faults` gives a sentence for each place where it is broken."""

    promise: str
    faults: Callable[[Keyring], Faults]


def chain_faults(keys: Keyring) -> Faults:
    """Each block names the one before it, from number 1 on, and is signed by a key of ours."""
    previous, number = BEFORE_THE_FIRST, 1
    for block in Block.objects.order_by("number").iterator():
        if block.number != number:
            yield f"Block {number} is missing."
        elif block.previous_hash != previous:
            yield f"Block {number} does not follow from block {number - 1}."
        text = block_text(block)
        if block.key_id not in keys.public:
            yield f"Block {block.number} is signed by key {block.key_id}, which is not among ours."
        elif not keys.verifies(block.key_id, block.signature, text):
            yield f"The signature of block {block.number} is not valid."
        previous, number = text_hash(text), block.number + 1


def content_faults(_keys: Keyring) -> Faults:
    """Each sealed transaction, its entries and their accounts are as they were when they were sealed."""
    for block in Block.objects.order_by("number").iterator():
        seals = list(block.seals.order_by("position"))
        if [seal.position for seal in seals] != list(range(block.count)):
            yield f"Block {block.number} sealed {block.count} transactions, and {len(seals)} are left of it."
        yield from _leaf_faults(seals)
        if merkle.root([bytes.fromhex(seal.leaf_hash) for seal in seals]).hex() != block.merkle_root:
            yield f"The root of block {block.number} is not that of its transactions."
    stray = Seal.objects.count() - Block.objects.aggregate(sum=Sum("count", default=0))["sum"]
    if stray > 0:
        yield f"{stray} seals belong to no block."


def _leaf_faults(seals: list[Seal]) -> Faults:
    sealed = Transaction.objects.filter(pk__in=[seal.transaction_id for seal in seals])
    stand = {posted.id: posted for posted in read(sealed)}
    for seal in seals:
        posted = stand.get(seal.transaction_id)
        if posted is None:
            yield f"Transaction {seal.transaction_id} is sealed in block {seal.block_id} and is gone."
        elif _leaf_hash(posted, seal) != seal.leaf_hash:
            yield f"Transaction {posted.key} is not as it was sealed in block {seal.block_id}."


def _leaf_hash(posted: Posted, seal: Seal) -> str:
    return merkle.leaf_hash(leaf_text(posted, bytes.fromhex(seal.salt)).encode()).hex()


def sum_faults(_keys: Keyring) -> Faults:
    """Each transaction has entries in one currency, and they sum to zero."""
    sums = Transaction.objects.annotate(
        sum=Sum("entries__amount_micro", default=0),
        currencies=Count("entries__account__currency", distinct=True),
    )
    for posted in sums.exclude(sum=0, currencies=1).order_by("created_at").iterator():
        yield f"Transaction {posted.key} sums to {posted.sum} in {posted.currencies} currencies, not to zero in one."


def hold_faults(_keys: Keyring) -> Faults:
    """Each hold is settled at most once, and then whole."""
    twice = Transaction.objects.exclude(settles=None).values("settles__key").annotate(times=Count("pk"))
    for row in twice.filter(times__gt=1):
        yield f"Hold {row['settles__key']} is settled {row['times']} times."
    settled = Transaction.objects.exclude(settles=None).annotate(held=_held("settles"), released=_held("pk"))
    for each in settled.exclude(held=-F("released")).iterator():
        yield f"Transaction {each.key} ends a hold of {each.held} and releases {-each.released}."


def _held(transaction: str) -> Coalesce:
    """What a transaction adds to the accounts of what is held."""
    entries = Entry.objects.filter(transaction=OuterRef(transaction), account__kind=Account.Kind.HELD)
    return Coalesce(Subquery(entries.values("transaction").annotate(sum=Sum("amount_micro")).values("sum")), 0)


def checkpoint_faults(_keys: Keyring) -> Faults:
    """Each checkpoint is the sum of the entries that it stands for."""
    for checkpoint in Checkpoint.objects.select_related("account").order_by("pk").iterator():
        entries = Entry.objects.filter(account=checkpoint.account, pk__lte=checkpoint.entry_id)
        stands = entries.aggregate(sum=Sum("amount_micro", default=0), last=Max("pk"))
        if stands["sum"] != checkpoint.balance_micro:
            yield f"The checkpoint of {checkpoint} should be {stands['sum']}."
        elif stands["last"] != checkpoint.entry_id:
            # It would swallow entries that are yet to come.
            yield f"The checkpoint of {checkpoint} ends at an entry that the account does not have."


def balance_faults(_keys: Keyring) -> Faults:
    """Nobody's wallet, hold or pending earnings are below zero; a wallet may owe after a dispute."""
    never = (Account.Kind.WALLET, Account.Kind.HELD, Account.Kind.PENDING)
    below = Account.objects.filter(kind__in=never).annotate(sum=Sum("entries__amount_micro", default=0))
    for account in below.filter(sum__lt=0).iterator():
        disputed = account.entries.filter(transaction__kind__in=WALLET_MAY_OWE_AFTER).exists()
        if account.kind != Account.Kind.WALLET or not disputed:
            yield f"Account {account} is at {account.sum}."


CHECKS = (
    Check("Blocks are chained and signed by our keys", chain_faults),
    Check("Sealed transactions are as they were sealed", content_faults),
    Check("Transactions sum to zero in one currency", sum_faults),
    Check("Holds are settled at most once, and whole", hold_faults),
    Check("Checkpoints are the sums of their entries", checkpoint_faults),
    Check("Wallets, holds and pending earnings are not below zero", balance_faults),
)

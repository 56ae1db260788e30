"""Seals what is committed, block by block, after the posting and never inside it.

What commits late comes into a later block, so nothing has to be waited for. One sealer works at a time; a second one waits
and then finds nothing left to do.
"""

import secrets

import structlog
from django.db import connection, transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from hub import signing
from marketplace.ledger.models import Block, Entry, Seal, Transaction
from marketplace.ledger.sealing import merkle
from marketplace.ledger.sealing.canonical import block_text, entry_text, text_hash, transaction_text
from marketplace.ledger.sealing.keys import Keyring
from marketplace.ledger.sealing.waiting import unsealed

log = structlog.get_logger(__name__)

# SQLite has one writer: a block is written in a moment, or people would wait for it.
PER_BLOCK = 200
BLOCKS_AT_ONCE = 20
BEFORE_THE_FIRST = "0" * 64
ONE_SEALER = 5_214_707_001  # the advisory lock's number, any that nobody else uses


def seal_waiting(keys: Keyring, *, everything: bool = False) -> int:
    """Seal what waits, and say how many transactions that were. Raises SigningKeyError."""
    sealed = 0
    for _ in range(BLOCKS_AT_ONCE):
        # Looked at before the lock is taken: mostly there is nothing to do.
        if not unsealed(everything=everything).exists():
            break
        sealed += _seal_block(keys, everything=everything)
    return sealed


@transaction.atomic
def _seal_block(keys: Keyring, *, everything: bool) -> int:
    _wait_for_others()
    last = Block.objects.order_by("-number").first()
    _keep_earlier_keys(keys, last)
    due = list(with_entries(unsealed(everything=everything))[:PER_BLOCK])
    if due:
        seals = [_seal(posted, position) for position, posted in enumerate(due)]
        block = _signed(keys, _after(last, seals))
        block.save(force_insert=True)
        for seal in seals:
            seal.block = block
        Seal.objects.bulk_create(seals)
        log.info("ledger.sealed", block=block.number, transactions=len(due))
    return len(due)


def with_entries(transactions: QuerySet[Transaction]) -> QuerySet[Transaction]:
    """With what their texts are made of, in the order in which it stands there."""
    entries = Entry.objects.select_related("account").order_by("pk")
    return transactions.prefetch_related(Prefetch("entries", entries))


def leaf_text(posted: Transaction, salt: str) -> str:
    return transaction_text(posted, [entry_text(entry, salt) for entry in posted.entries.all()])


def leaf_hash(posted: Transaction, salt: str) -> str:
    return merkle.leaf_hash(leaf_text(posted, salt).encode()).hex()


def _seal(posted: Transaction, position: int) -> Seal:
    salt = secrets.token_hex(32)
    return Seal(transaction=posted, position=position, salt=salt, leaf_hash=leaf_hash(posted, salt))


def _after(last: Block | None, seals: list[Seal]) -> Block:
    return Block(
        number=1 if last is None else last.number + 1,
        previous_hash=BEFORE_THE_FIRST if last is None else text_hash(block_text(last)),
        merkle_root=merkle.root([bytes.fromhex(seal.leaf_hash) for seal in seals]).hex(),
        count=len(seals),
        sealed_at=timezone.now(),
    )


def _signed(keys: Keyring, block: Block) -> Block:
    if keys.current is None:
        raise signing.SigningKeyError("Sealing needs the private key.")
    block.key_id = signing.key_id(keys.current.public_key())
    block.signature = signing.encode(keys.current.sign(block_text(block).encode()))
    return block


def _keep_earlier_keys(keys: Keyring, last: Block | None) -> None:
    """After a change of key the old public one must stay, or nobody could check what it signed."""
    if last is not None and last.key_id not in keys.public:
        raise signing.SigningKeyError(
            f"Block {last.number} is signed by another key, {last.key_id}. Add its public half to "
            "HUB_LEDGER_PUBLIC_KEYS before sealing goes on with a new one."
        )


def _wait_for_others() -> None:
    # On SQLite the whole IMMEDIATE transaction is the lock.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_SEALER])

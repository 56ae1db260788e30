"""Seals what is committed, block by block, after the posting and never inside it.

What commits late comes into a later block, so nothing has to be waited for. One sealer works at a time; a second one
leaves the work to it.
"""

import secrets
from collections.abc import Sequence

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from hub import signing
from marketplace.ledger.models import Block, Transaction
from marketplace.ledger.sealing import merkle
from marketplace.ledger.sealing.canonical import block_text, leaf_text, text_hash
from marketplace.ledger.sealing.keys import Keyring
from marketplace.ledger.sealing.posted import Posted, read
from marketplace.ledger.sealing.seals import NewSeal, add_seals
from marketplace.ledger.sealing.waiting import Look, unsealed

log = structlog.get_logger(__name__)

# SQLite has one writer: a block is written in a moment, or people would wait for it.
PER_BLOCK = 1000
# So that a worker that is to stop waits for seconds; the clock soon asks for the rest.
BLOCKS_AT_ONCE = 50
BEFORE_THE_FIRST = "0" * 64
SALT_BYTES = 32
ONE_SEALER = 5_214_707_001  # the advisory lock's number, any that nobody else uses


def seal_waiting(keys: Keyring, look: Look = Look.RECENT) -> int:
    """Seal what waits, and say how many transactions that were. Raises SigningKeyError."""
    due = unsealed(look)
    # Looked at before the lock is taken: mostly there is nothing to do.
    since = due.values_list("created_at", flat=True).first()
    if since is None:
        return 0
    sealed = 0
    for _ in range(BLOCKS_AT_ONCE):
        # What lies before is sealed, or comes late and waits for the next look.
        block = _seal_block(keys, due.filter(created_at__gte=since))
        sealed += len(block)
        if len(block) < PER_BLOCK:
            break
        since = block[-1].created_at
    return sealed


@transaction.atomic
def _seal_block(keys: Keyring, due: QuerySet[Transaction]) -> list[Posted]:
    if not _alone():
        return []
    last = Block.objects.order_by("-number").first()
    _keep_earlier_keys(keys, last)
    posted = read(due[:PER_BLOCK])
    if posted:
        seals = list(map(_seal, posted))
        block = _signed(keys, _after(last, seals))
        block.save(force_insert=True)
        add_seals(block, seals)
        log.info("ledger.sealed", block=block.number, transactions=len(posted))
    return posted


def _seal(posted: Posted) -> NewSeal:
    salt = secrets.token_bytes(SALT_BYTES)
    return NewSeal(posted.id, salt, merkle.leaf_hash(leaf_text(posted, salt).encode()))


def _after(last: Block | None, seals: Sequence[NewSeal]) -> Block:
    return Block(
        number=1 if last is None else last.number + 1,
        previous_hash=BEFORE_THE_FIRST if last is None else text_hash(block_text(last)),
        merkle_root=merkle.root([seal.leaf_hash for seal in seals]).hex(),
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


def _alone() -> bool:
    """Until the transaction ends. On SQLite the whole IMMEDIATE transaction is the lock."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_SEALER])
        (alone,) = cursor.fetchone()
    return bool(alone)

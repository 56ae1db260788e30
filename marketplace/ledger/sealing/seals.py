"""Writes a block's seals with one statement."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from marketplace.ledger.models import Block

INTO = "INSERT INTO ledger_seal (transaction_id, salt, leaf_hash, position, block_id)"
# WITH ORDINALITY counts from one, positions count from zero.
POSTGRES = f"""{INTO} SELECT id, salt, leaf_hash, number - 1, %s
    FROM unnest(%s::uuid[], %s::text[], %s::text[]) WITH ORDINALITY AS seal (id, salt, leaf_hash, number)"""  # noqa: S608 - constants
SQLITE = f"{INTO} VALUES (%s, %s, %s, %s, %s)"


class NewSeal(NamedTuple):
    transaction_id: UUID
    salt: bytes
    leaf_hash: bytes


def add_seals(block: Block, seals: Sequence[NewSeal]) -> None:
    """In the order of their leaves."""
    ids = [seal.transaction_id.hex for seal in seals]
    salts, hashes = [seal.salt.hex() for seal in seals], [seal.leaf_hash.hex() for seal in seals]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRES, [block.pk, ids, salts, hashes])
        else:
            rows = zip(ids, salts, hashes, range(len(seals)), [block.pk] * len(seals), strict=True)
            cursor.executemany(SQLITE, list(rows))

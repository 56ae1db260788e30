"""What is hashed and signed: canonical JSON (RFC 8785). The form never changes; another one gets another name.

A transaction's text holds the hashes of its entries, each with a salt of its own. So one entry can be shown, and the
others' holders and amounts can't even be guessed.

The texts of which there are many are written key by key, which takes a fortieth of the time. A test compares them with
what the library makes of the same values.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as quoted  # escapes what RFC 8785 does, and nothing else
from uuid import UUID

import rfc8785

from marketplace.ledger.models import Block, holder_of
from marketplace.ledger.sealing.posted import Posted, PostedEntry

FORM = "irodori-ledger/1"


def entry_text(entry: PostedEntry, salt: bytes) -> str:
    """One entry with its account. `salt` is the seal's, from which the entry's own is derived."""
    own = hmac.digest(salt, b"%d" % entry.id, "sha256").hex()
    account = _account(entry.kind, entry.owner_id, entry.organisation_id, entry.currency)
    # The amount is a string, as RFC 8785 advises for integers that a double can't hold.
    return (
        f'{{"account":{account},"amount_micro":"{entry.amount_micro}","id":{entry.id},'
        f'"role":{quoted(entry.role)},"salt":"{own}","subject":{quoted(entry.subject)}}}'
    )


def transaction_text(posted: Posted, entry_texts: Iterable[str]) -> str:
    """The leaf: the transaction, and its entries by their hashes."""
    hashes = ",".join([f'"{text_hash(text)}"' for text in entry_texts])
    return (
        f'{{"about":{_id(posted.about_id)},"created_at":"{_time(posted.created_at)}","entries":[{hashes}],'
        f'"expires_at":{_when(posted.expires_at)},"id":"{posted.id}","key":{quoted(posted.key)},'
        f'"kind":{quoted(posted.kind)},"settles":{_id(posted.settles_id)}}}'
    )


def leaf_text(posted: Posted, salt: bytes) -> str:
    return transaction_text(posted, [entry_text(entry, salt) for entry in posted.entries])


def block_text(block: Block) -> str:
    """What is signed, and what the next block's `previous_hash` is of."""
    text: dict[str, str | int] = {
        "form": FORM,
        "number": block.number,
        "previous_hash": block.previous_hash,
        "merkle_root": block.merkle_root,
        "count": block.count,
        "sealed_at": _time(block.sealed_at),
        "key_id": block.key_id,
    }
    return rfc8785.dumps(text).decode()


def text_hash(text: str) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=10_000)
def _account(kind: str, owner_id: int | None, organisation_id: int | None, currency: str) -> str:
    holder = holder_of(owner_id, organisation_id)
    return f'{{"currency":{quoted(currency)},"holder":"{holder}","kind":{quoted(kind)}}}'


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _when(moment: datetime | None) -> str:
    return "null" if moment is None else f'"{_time(moment)}"'


def _id(pk: UUID | None) -> str:
    return "null" if pk is None else f'"{pk}"'

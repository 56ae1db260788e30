"""What is hashed and signed: canonical JSON (RFC 8785). The form never changes; another one gets another name.

A transaction's text holds the hashes of its entries, each with a salt of its own. So one entry can be shown, and the
others' holders and amounts can't even be guessed.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import rfc8785

from marketplace.ledger.models import Block, Entry, Transaction

FORM = "irodori-ledger/1"


def entry_text(entry: Entry, salt: str) -> str:
    """One entry with its account. `salt` is the seal's, from which the entry's own is derived."""
    account = entry.account
    return _text(
        {
            "id": entry.pk,
            "account": {"kind": account.kind, "holder": account.holder, "currency": account.currency},
            # A string, as RFC 8785 advises for integers that a double can't hold.
            "amount_micro": str(entry.amount_micro),
            "subject": entry.subject,
            "role": entry.role,
            "salt": hmac.new(bytes.fromhex(salt), str(entry.pk).encode(), hashlib.sha256).hexdigest(),
        }
    )


def transaction_text(transaction: Transaction, entry_texts: Iterable[str]) -> str:
    """The leaf: the transaction, and its entries by their hashes."""
    return _text(
        {
            "id": str(transaction.pk),
            "key": transaction.key,
            "kind": transaction.kind,
            "created_at": _time(transaction.created_at),
            "settles": _id(transaction.settles_id),
            "about": _id(transaction.about_id),
            "expires_at": None if transaction.expires_at is None else _time(transaction.expires_at),
            "entries": [text_hash(text) for text in entry_texts],
        }
    )


def block_text(block: Block) -> str:
    """What is signed, and what the next block's `previous_hash` is of."""
    return _text(
        {
            "form": FORM,
            "number": block.number,
            "previous_hash": block.previous_hash,
            "merkle_root": block.merkle_root,
            "count": block.count,
            "sealed_at": _time(block.sealed_at),
            "key_id": block.key_id,
        }
    )


def text_hash(text: str) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _id(pk: object) -> str | None:
    return None if pk is None else str(pk)


def _text(value: dict[str, Any]) -> str:
    return rfc8785.dumps(value).decode()

"""The texts that are written key by key are what the reference implementation of RFC 8785 writes of the same values."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from marketplace.ledger.sealing.canonical import entry_text, leaf_text
from marketplace.ledger.sealing.posted import Posted, PostedEntry

# All that a database keeps as text: every control character, quotes, what lies beyond 16 bits; no half of a surrogate pair.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
IDS = st.none() | st.integers(1, 2**53 - 1)
TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))]))
ENTRIES = st.builds(
    PostedEntry,
    id=st.integers(1, 2**53 - 1),
    amount_micro=st.integers(-(2**63), 2**63 - 1),
    subject=TEXT,
    role=TEXT,
    kind=TEXT,
    owner_id=IDS,
    organisation_id=IDS,
    currency=TEXT,
)
POSTED = st.builds(
    Posted,
    id=st.uuids(),
    key=TEXT,
    kind=TEXT,
    created_at=TIMES,
    settles_id=st.none() | st.uuids(),
    about_id=st.none() | st.uuids(),
    expires_at=st.none() | TIMES,
    entries=st.lists(ENTRIES, max_size=3),
)
SALTS = st.binary(min_size=32, max_size=32)


def reference_entry(entry: PostedEntry, salt: bytes) -> str:
    return _text(
        {
            "id": entry.id,
            "account": {"kind": entry.kind, "holder": _holder(entry), "currency": entry.currency},
            "amount_micro": str(entry.amount_micro),
            "subject": entry.subject,
            "role": entry.role,
            "salt": hmac.new(salt, str(entry.id).encode(), hashlib.sha256).hexdigest(),
        }
    )


def reference_leaf(posted: Posted, salt: bytes) -> str:
    texts = [reference_entry(entry, salt) for entry in posted.entries]
    return _text(
        {
            "id": str(posted.id),
            "key": posted.key,
            "kind": posted.kind,
            "created_at": _time(posted.created_at),
            "settles": None if posted.settles_id is None else str(posted.settles_id),
            "about": None if posted.about_id is None else str(posted.about_id),
            "expires_at": None if posted.expires_at is None else _time(posted.expires_at),
            "entries": [hashlib.sha256(text.encode()).hexdigest() for text in texts],
        }
    )


def _holder(entry: PostedEntry) -> str:
    if entry.owner_id is not None:
        return f"person:{entry.owner_id}"
    return "platform" if entry.organisation_id is None else f"organisation:{entry.organisation_id}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _text(value: dict[str, Any]) -> str:
    return rfc8785.dumps(value).decode()


@given(ENTRIES, SALTS)
def test_an_entrys_text_is_the_references(entry: PostedEntry, salt: bytes) -> None:
    assert entry_text(entry, salt) == reference_entry(entry, salt)


@given(POSTED, SALTS)
def test_a_transactions_text_is_the_references(posted: Posted, salt: bytes) -> None:
    assert leaf_text(posted, salt) == reference_leaf(posted, salt)


def test_every_character_that_json_escapes_is_written_as_the_reference_does() -> None:
    text = "".join(map(chr, [*range(0x20), *b'"\\/', 0x7F, 0x2028, 0xE9, 0xFFFF, 0x1F3A8]))
    entry = PostedEntry(1, 1, text, text, text, None, None, text)
    assert entry_text(entry, bytes(32)) == reference_entry(entry, bytes(32))

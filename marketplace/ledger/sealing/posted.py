"""What is sealed, as plain rows: to build a model of each takes longer than to hash it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from marketplace.ledger.models import Entry, Transaction

TRANSACTION = ("pk", "key", "kind", "created_at", "settles_id", "about_id", "expires_at")
ACCOUNT = ("account__kind", "account__owner_id", "account__organisation_id", "account__currency")
ENTRY = ("transaction_id", "pk", "amount_micro", "subject", "role", *ACCOUNT)


class PostedEntry(NamedTuple):
    """One entry with its account."""

    id: int
    amount_micro: int
    subject: str
    role: str
    kind: str
    owner_id: int | None
    organisation_id: int | None
    currency: str


class Posted(NamedTuple):
    """A transaction with its entries, in the order in which they stand in its text."""

    id: UUID
    key: str
    kind: str
    created_at: datetime
    settles_id: UUID | None
    about_id: UUID | None
    expires_at: datetime | None
    entries: Sequence[PostedEntry]


def read(transactions: QuerySet[Transaction]) -> list[Posted]:
    """In the order of the query, by two statements."""
    rows = list(transactions.values_list(*TRANSACTION))
    entries = _entries([row[0] for row in rows])
    return [Posted._make((*row, entries[row[0]])) for row in rows]


def _entries(of: Sequence[UUID]) -> Mapping[UUID, list[PostedEntry]]:
    entries: dict[UUID, list[PostedEntry]] = defaultdict(list)
    for transaction_id, *entry in Entry.objects.filter(transaction__in=of).order_by("pk").values_list(*ENTRY):
        entries[transaction_id].append(PostedEntry._make(entry))
    return entries

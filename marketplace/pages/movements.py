"""What moved in a wallet, as its owner reads it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marketplace.ledger.models import Account, Entry


@dataclass(frozen=True)
class Movement:
    """`generation_id` names the picture it was about, where it was about one."""

    at: datetime
    kind: str
    amount_micro: int
    generation_id: UUID | None


def movements(entries: Iterable[Entry]) -> list[Movement]:
    """The wallet's own side of each transaction: what is held shows as taken, what is returned as given back."""
    return [
        Movement(entry.transaction.created_at, entry.transaction.kind, entry.amount_micro, _generation(entry))
        for entry in entries
        if entry.account.kind == Account.Kind.WALLET
    ]


def _generation(entry: Entry) -> UUID | None:
    subject, _, rest = entry.transaction.key.partition(":")
    return UUID(rest.partition(":")[0]) if subject == "generation" else None

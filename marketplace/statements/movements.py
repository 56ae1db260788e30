"""What moved in a wallet, as its owner reads it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marketplace.generation.models import Generation
from marketplace.generation.settlement import generation_of
from marketplace.ledger.models import Account, Entry
from marketplace.statements.receipts import receipt_id


@dataclass(frozen=True)
class Movement:
    """`generation_id` and `prompt` tell the picture it was about, where it was about one; `receipt` where it was paid."""

    transaction_id: UUID
    at: datetime
    kind: str
    amount_micro: int
    generation_id: UUID | None
    prompt: str
    receipt: UUID | None


def movements(entries: Iterable[Entry]) -> list[Movement]:
    """The wallet's own side of each transaction: what is held shows as taken, what is returned as given back."""
    mine = [
        (entry, generation_of(entry.transaction.key)) for entry in entries if entry.account.kind == Account.Kind.WALLET
    ]
    prompts = _prompts({picture for _, picture in mine if picture})
    return [
        Movement(
            transaction_id=entry.transaction_id,
            at=entry.transaction.created_at,
            kind=entry.transaction.kind,
            amount_micro=entry.amount_micro,
            generation_id=picture,
            prompt=prompts.get(picture, "") if picture else "",
            receipt=receipt_id(entry.transaction),
        )
        for entry, picture in mine
    ]


def _prompts(pictures: set[UUID]) -> dict[UUID, str]:
    """One query, however many pictures there are."""
    return dict(Generation.objects.filter(pk__in=pictures).values_list("pk", "prompt"))

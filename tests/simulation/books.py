"""All that money is about, read anew from the rows by plain SQL: nothing here asks the code that wrote them."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

ENTRIES = (
    "SELECT t.id, t.key, t.kind, t.about_id, a.id, a.kind, a.owner_id, e.amount_micro, e.subject, e.role "
    "FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id "
    "JOIN ledger_account a ON a.id = e.account_id"
)
USES = "SELECT generation_id, version_id, price_micro FROM generation_generationadapter"
SHARES = (
    "SELECT p.version_id, s.person_id, s.share_bp FROM payouts_share s JOIN payouts_plan p ON p.id = s.plan_id "
    "WHERE s.role = 'creator'"
)


class Entry(NamedTuple):
    transaction: str
    key: str
    kind: str
    about: str | None
    account: int
    account_kind: str
    owner: int | None
    amount: int
    subject: str
    role: str


class Books:
    """One moment's rows, beside what the provider knows."""

    def __init__(self, really_paid: set[str]) -> None:
        self.really_paid = really_paid

    @cached_property
    def entries(self) -> list[Entry]:
        return [Entry(*row) for row in _rows(ENTRIES)]

    @cached_property
    def balances(self) -> dict[int, int]:
        return _summed((entry.account, entry.amount) for entry in self.entries)

    @cached_property
    def kinds(self) -> dict[str, int]:
        """What stands in all accounts of a kind together."""
        return _summed((entry.account_kind, entry.amount) for entry in self.entries)

    @cached_property
    def generations(self) -> list[tuple[str, str, int]]:
        """Id, state and price."""
        return [(str(UUID(pk)), state, price) for pk, state, price in _of("generation_generation", "state")]

    @cached_property
    def top_ups(self) -> list[tuple[str, str, int]]:
        rows = _rows("SELECT id, state, amount_micro FROM orders_topup")
        return [(str(UUID(pk)), state, amount) for pk, state, amount in rows]

    @cached_property
    def purchases(self) -> list[tuple[str, str, int]]:
        return [(str(UUID(pk)), kind, price) for pk, kind, price in _of("orders_purchase", "kind")]

    def due_to_creators(self) -> Iterator[tuple[str, int, list[int]]]:
        """Generation, creator, and price x share (in 1/10,000) of each of their styles in it."""
        shares = {version: (person, share_bp) for version, person, share_bp in _rows(SHARES)}
        due: dict[tuple[str, int], list[int]] = defaultdict(list)
        for generation, version, price in _rows(USES):
            person, share_bp = shares[version]
            due[str(UUID(generation)), person].append(price * share_bp)
        yield from ((generation, person, parts) for (generation, person), parts in due.items())

    def earned(self, kind: str) -> dict[str, int]:
        """By the key of each transaction of this kind, what all payees got together."""
        return _summed(
            (entry.key, entry.amount)
            for entry in self.entries
            if entry.kind == kind and entry.account_kind not in {"wallet", "held", "provider_clearing"}
        )

    def checkpointed(self) -> list[int]:
        return [account for (account,) in _rows("SELECT DISTINCT account_id FROM ledger_checkpoint")]


def _summed(amounts: Iterator[tuple[Any, int]]) -> dict[Any, int]:
    sums: dict[Any, int] = defaultdict(int)
    for name, amount in amounts:
        sums[name] += amount
    return sums


def _of(table: str, told_by: str) -> list[Any]:
    return _rows(f"SELECT id, {told_by}, price_micro FROM {table}")  # noqa: S608 - both are written above


def _rows(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())

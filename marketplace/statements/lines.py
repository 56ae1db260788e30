"""A holder's statement, line by line: every ledger entry of a period, read in pages so that its length costs no memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from marketplace.catalogue.models import StyleVersion
from marketplace.generation.settlement import generation_of
from marketplace.ledger.models import Account, Entry
from marketplace.ledger.periods import Period, balance_before, entries_within
from marketplace.ledger.selectors import VERSION_SUBJECT, accounts_of
from marketplace.orders.selectors import names_bought
from marketplace.payouts.plans import Payee
from marketplace.statements.holders import Holder
from marketplace.statements.sold import Picture, paid_in_all, pictures, share_of

AT_ONCE = 1_000


class Movement(NamedTuple):
    """An entry with what its line needs; `about` is the key of the payment that it corrects or makes available."""

    id: int
    amount_micro: int
    subject: str
    role: str
    account: str
    transaction: UUID
    key: str
    kind: str
    at: datetime
    about: str | None


@dataclass(frozen=True)
class StatementLine:
    """Amounts in micro-units; None or "" where it does not apply. `balance_micro` is pending and available together.

    `title` is what a purchase was of, as that was called when it was sold.
    """

    at: datetime
    transaction: UUID
    key: str
    kind: str
    account: str
    generation: UUID | None
    model: str
    version: int | None
    role: str
    gross_micro: int | None
    share_bp: int | None
    amount_micro: int
    balance_micro: int
    currency: str
    image_sha256: str
    title: str


def opening_balance(holder: Holder, period: Period, currency: str = "USD") -> int:
    return sum(balance_before(account.pk, period.start) for account in accounts_of(*holder.accounts(currency)))


def statement_lines(
    holder: Holder, period: Period, *, opening_micro: int, currency: str = "USD"
) -> Iterator[StatementLine]:
    """In the order in which they were written."""
    accounts = accounts_of(*holder.accounts(currency))
    streams = [_in_order(entries_within(account.pk, period)) for account in accounts]
    moved, balance = merge(*streams, key=attrgetter("id")), opening_micro
    while batch := list(islice(moved, AT_ONCE)):
        context = _context(batch)
        for movement in batch:
            balance += movement.amount_micro
            yield context.line(movement, holder.payee, balance, currency)
        del batch, context  # Let go of before the next is read, so that only one is held.


def _in_order(entries: QuerySet[Entry]) -> Iterator[Movement]:
    last = 0
    while page := [Movement(*row) for row in _rows(entries).filter(id__gt=last)[:AT_ONCE]]:
        last = page[-1].id
        yield from page
        del page  # As above.


def _rows(entries: QuerySet[Entry]) -> QuerySet[Entry, tuple[Any, ...]]:
    return entries.order_by("id").values_list(
        "id",
        "amount_micro",
        "subject",
        "role",
        "account__kind",
        "transaction_id",
        "transaction__key",
        "transaction__kind",
        "transaction__created_at",
        "transaction__about__key",
    )


@dataclass(frozen=True)
class _Context:
    """What a page of lines refers to, looked up for all of them at once."""

    pictures: dict[UUID, Picture]
    paid: dict[UUID, int]
    versions: dict[str, tuple[str, int]]
    bought: dict[str, str]

    def line(self, moved: Movement, payee: Payee, balance_micro: int, currency: str) -> StatementLine:
        generation = generation_of(moved.about or moved.key)
        picture = self.pictures.get(generation) if generation else None
        gross, share = None, None
        if moved.about is None:
            sold = picture.sold if picture else ()
            gross, share = share_of(sold, subject=moved.subject, role=moved.role, payee=payee)
            gross = self.paid.get(moved.transaction, gross)
        model, version = self.versions.get(moved.subject, ("", None))
        return StatementLine(
            at=moved.at,
            transaction=moved.transaction,
            key=moved.key,
            kind=moved.kind,
            account="pending" if moved.account == Account.Kind.PENDING else "available",
            generation=generation,
            model=model,
            version=version,
            role=moved.role,
            gross_micro=gross,
            share_bp=share,
            amount_micro=moved.amount_micro,
            balance_micro=balance_micro,
            currency=currency,
            image_sha256=picture.image_sha256 if picture else "",
            title=self.bought.get(moved.about or moved.key, ""),
        )


def _context(batch: list[Movement]) -> _Context:
    found = {moved.transaction: generation_of(moved.about or moved.key) for moved in batch}
    others = {moved.transaction for moved in batch if moved.about is None and found[moved.transaction] is None}
    return _Context(
        pictures({generation for generation in found.values() if generation}),
        paid_in_all(others),
        _versions({moved.subject for moved in batch if moved.subject.startswith(VERSION_SUBJECT)}),
        names_bought({moved.about or moved.key for moved in batch}),
    )


def _versions(subjects: set[str]) -> dict[str, tuple[str, int]]:
    ids = [int(subject.removeprefix(VERSION_SUBJECT)) for subject in subjects]
    rows = StyleVersion.objects.filter(pk__in=ids).values_list("pk", "style__slug", "number")
    return {f"{VERSION_SUBJECT}{pk}": (slug, number) for pk, slug, number in rows}

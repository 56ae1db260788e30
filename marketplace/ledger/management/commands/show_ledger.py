"""`irodori ledger show`: the rows of one payment, and what followed it."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from marketplace.ledger.family import family_of
from marketplace.ledger.models import Transaction


class Command(BaseCommand):
    help = "Show every row of a payment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="The key or id of a transaction, or the id of a generation.")

    def handle(self, *, key: str, **_options: Any) -> None:
        family = family_of(key)
        if not family:
            raise CommandError(f"No transaction has the key or id {key}, and none is about such a generation.")
        console = Console()
        for posted in family:
            # Above the table, where no width breaks a key that people want to copy.
            console.print(_title(posted), markup=False, highlight=False, soft_wrap=True)
            console.print(_table(posted))


def _table(posted: Transaction) -> Table:
    table = Table("account", "holder", "micro-units", "for", "role")
    table.columns[2].justify = "right"
    for entry in sorted(posted.entries.all(), key=lambda entry: entry.pk):
        texts = (entry.account.kind, entry.account.holder, f"{entry.amount_micro:+,}", entry.subject, entry.role)
        table.add_row(*map(escape, texts))
    return table


def _title(posted: Transaction) -> str:
    return f"{posted.kind} {posted.key}\n{posted.created_at:%Y-%m-%d %H:%M:%S} UTC, {', '.join(_facts(posted))}"


def _facts(posted: Transaction) -> Iterable[str]:
    if posted.settles:
        yield f"settles {posted.settles.key}"
    if posted.about:
        yield f"about {posted.about.key}"
    seal = getattr(posted, "seal", None)
    yield f"position {seal.position} of block {seal.block_id}" if seal else "not sealed yet"

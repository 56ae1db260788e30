"""`irodori ledger verify`: every promise of the ledger, one line each."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from rich.console import Console

from hub.signing import SigningKeyError
from marketplace.ledger.models import Block, Transaction
from marketplace.ledger.sealing.keys import Keyring, keyring
from marketplace.ledger.sealing.verify import CHECKS
from marketplace.ledger.sealing.waiting import Look, Waiting, waiting

BROKEN, UNUSABLE, LATE = 1, 2, 3
TOO_LONG = timedelta(minutes=1)
SHOWN = 20


class Command(BaseCommand):
    help = "Recompute all that the ledger promises."

    def handle(self, **_options: Any) -> None:
        console = Console(highlight=False, soft_wrap=True)
        try:
            faults = _check_all(console, keyring())
            left = waiting(Look.ALL)
        except (SigningKeyError, DatabaseError) as error:
            raise CommandError(f"The ledger can't be read: {error}", returncode=UNUSABLE) from error
        _tell(console, left)
        if faults:
            raise CommandError(f"The ledger is broken in {faults} places.", returncode=BROKEN)
        if left.lag > TOO_LONG:
            raise CommandError(
                "All of it holds, but nothing is being sealed: does `irodori worker site` run?", returncode=LATE
            )


def _check_all(console: Console, keys: Keyring) -> int:
    broken = 0
    for check in CHECKS:
        with console.status(f"{check.promise} ..."):
            faults = list(check.faults(keys))
        console.print(f"{'[red]broken[/]' if faults else '[green]ok[/]'}  {check.promise}")
        for fault in faults[:SHOWN]:
            console.print(f"    {fault}", markup=False)
        if len(faults) > SHOWN:
            console.print(f"    and {len(faults) - SHOWN} more")
        broken += len(faults)
    return broken


def _tell(console: Console, left: Waiting) -> None:
    console.print(
        f"{Transaction.objects.count()} transactions, {Block.objects.count()} blocks, {left.count} not sealed yet, "
        f"the oldest of them for {left.lag.total_seconds():.1f} s."
    )

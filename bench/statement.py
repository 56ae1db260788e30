"""What memory a statement takes that is a thousand times as long. Each is read in a process of its own."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bench.common import Row, report, row

if TYPE_CHECKING:
    # Django's models load with its settings, which the process that measures has alone.
    from marketplace.generation.models import Generation

SHORT, LONG = 1_000, 1_000_000
# Each line has a transaction of its own; the images that they are told from are used again and again.
IMAGES = 1_000
AT_ONCE = 2_000


def main() -> None:
    print(f"Written to {report('statement', statement_rows())}")


def statement_rows() -> list[Row]:
    short, long = _peak(SHORT), _peak(LONG)
    what = f"peak memory of a process that reads a statement of {LONG:,} lines, as a multiple of that of {SHORT:,}"
    return [row("statement", what, "x", "≤ 1.1 x", [long / short])]


def _peak(lines: int) -> int:
    """Kilobytes that a process held at most that only reads the statement."""
    with tempfile.TemporaryDirectory(prefix="irodori-bench-") as folder:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "hub.settings",
            "HUB_DATABASE_URL": f"sqlite:///{Path(folder) / 'bench.sqlite3'}",
            "HUB_DATA_DIR": folder,
            "HUB_LOG_LEVEL": "WARNING",
        }
        for step in ("write", "read"):
            command = [sys.executable, "-m", "bench.statement", step, str(lines)]
            done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        return int(done.stdout)


def write(lines: int) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    _sell(lines)


def read(lines: int) -> None:
    import django

    django.setup()
    from django.db import connection

    from marketplace.ledger.models import Account
    from marketplace.payouts.plans import Payee
    from marketplace.statements.holders import Holder
    from marketplace.statements.months import month_of
    from marketplace.statements.sheet import sheet

    with connection.cursor() as cursor:
        # SQLite's own caches, which fill up to 136 MB, are the database's: PostgreSQL has them in another process.
        cursor.execute("PRAGMA mmap_size=0")
        cursor.execute("PRAGMA cache_size=100")
    earner = Holder(Payee(Account.objects.get(kind=Account.Kind.PENDING).owner_id or 0), "")
    written = sum(",capture," in line for line in sheet(earner, month_of("")))
    assert written == lines, f"{written} of {lines} lines came."
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _sell(lines: int) -> None:
    """Somebody with so many sales this month."""
    from marketplace.ledger.models import Account, Entry, Transaction
    from tests.factories.generation import echo_version

    version = echo_version()
    account = Account.objects.create(kind=Account.Kind.PENDING, owner=version.style.creator, currency="USD")
    images = list(_images(version.pk))
    keys = iter(f"generation:{images[number % IMAGES].pk}:settle:{number}" for number in range(lines))
    while some := [Transaction(key=key, kind="capture") for key in islice(keys, AT_ONCE)]:
        Transaction.objects.bulk_create(some)
        Entry.objects.bulk_create(
            Entry(
                transaction=each, account=account, amount_micro=7_000, subject=f"version:{version.pk}", role="creator"
            )
            for each in some
        )


def _images(version_id: int) -> Iterator["Generation"]:
    from marketplace.generation.models import Generation, GenerationAdapter
    from tests.factories.accounts import make_user
    from tests.factories.catalogue import echo_base

    buyer, base = make_user(), echo_base()
    size = {"width": 64, "height": 64, "steps": 4, "guidance_scale": 5.0, "seed": 7, "scheduler": "euler"}
    for _ in range(IMAGES):
        made = Generation.objects.create(
            buyer=buyer,
            base_model=base,
            prompt="a harbour at dawn",
            image_sha256="ab" * 32,
            price_micro=10_100,
            compute_micro=100,
            **size,
        )
        GenerationAdapter.objects.create(generation=made, version_id=version_id, weight=1.0, price_micro=10_000)
        yield made


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", lines]:
            write(int(lines))
        case ["read", lines]:
            read(int(lines))
        case _:
            main()

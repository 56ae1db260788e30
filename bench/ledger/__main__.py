"""`make bench-ledger`: postings per second from 16 writers, and a long wallet's balance, in a database of its own.

HUB_TEST_DATABASE_URL names a server where a database may be made; the default is the machine's own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from urllib.parse import urlsplit

import django
import psycopg
from psycopg.sql import SQL, Identifier

from bench.common import report

SERVER = os.environ.get("HUB_TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
LATER = ("seal_lag", "statement")


def main() -> None:
    with _own_database() as url:
        os.environ |= {"HUB_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "hub.settings", "HUB_LOG_LEVEL": "ERROR"}
        django.setup()
        # Django must be set up first.
        from django.core.management import call_command
        from django.db import connection

        from bench.ledger.balance import balance
        from bench.ledger.posting import posting

        call_command("migrate", verbosity=0, skip_checks=True)
        rows = [*posting(), balance()]
        connection.close()
    for id_ in LATER:
        print(f"{id_}: not measured")
    print(f"Written to {report('ledger', rows)}")


@contextmanager
def _own_database() -> Iterator[str]:
    """The address of an empty database, dropped afterwards."""
    name = f"irodori_bench_{token_hex(4)}"
    with psycopg.connect(urlsplit(SERVER)._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield urlsplit(SERVER)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


if __name__ == "__main__":
    main()

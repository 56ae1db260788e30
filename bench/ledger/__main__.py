"""`make bench-ledger`: postings per second from 16 writers, how soon they are sealed, a long wallet's balance and a long
statement, in databases of their own.

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
from bench.statement import statement_rows

SERVER = os.environ.get("HUB_TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def main() -> None:
    with _own_database() as url:
        os.environ |= {"HUB_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "hub.settings", "HUB_LOG_LEVEL": "ERROR"}
        django.setup()
        # Django must be set up first.
        from django.core.management import call_command
        from django.db import connection

        from bench.ledger.balance import balance
        from bench.ledger.posting import open_market, posting
        from bench.ledger.sealing import seal_lag

        call_command("migrate", verbosity=0, skip_checks=True)
        market = open_market()
        rows = [*posting(market), seal_lag(market), balance()]
        connection.close()
    rows += statement_rows()
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

"""`make bench-ledger`: postings per second from 16 writers, how soon they are sealed, a long wallet's balance and a long
statement, in databases of their own."""

import os

import django

from bench.common import report
from bench.database import own_database
from bench.statement import statement_rows


def main() -> None:
    with own_database() as url:
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


if __name__ == "__main__":
    main()

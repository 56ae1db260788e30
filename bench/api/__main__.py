"""`make bench-api`: what an order costs, how soon who watches is told, how long a batch takes; on PostgreSQL and Redis.

It makes a database of its own (bench.database) and uses HUB_TEST_REDIS_URL, the machine's own by default.
"""

import os

import django
import redis

from bench.common import Row, report
from bench.database import own_database

REDIS = os.environ.get("HUB_TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
QUEUES = ("generate.echo", "site")


def main() -> None:
    with own_database() as url:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "hub.settings",
            "HUB_DATABASE_URL": url,
            "HUB_BROKER_URL": REDIS,
            "HUB_PLUGINS": "echo,sandbox_payments,prompt_blocklist",
            "HUB_LOG_LEVEL": "ERROR",
            # What is measured is how long a request takes, not how many one may send.
            **dict.fromkeys(("HUB_API_LIMIT_PERSON", "HUB_API_LIMIT_KEY", "HUB_API_LIMIT_ADDRESS"), ""),
        }
        django.setup()
        try:
            rows = _rows()
        finally:
            from django.db import connections

            connections.close_all()
            # Nobody takes what was ordered here.
            redis.Redis.from_url(REDIS).delete(*QUEUES)
    print(f"Written to {report('api', rows)}")


def _rows() -> list[Row]:
    # Django must be set up first.
    from django.core.management import call_command

    from bench.api import matrix_list
    from bench.api.batch import batch
    from bench.api.overhead import overhead
    from bench.api.people import style_version
    from bench.api.servers import served
    from bench.api.streams import streams

    call_command("migrate", verbosity=0, skip_checks=True)
    version = style_version()
    with served("hub.asgi:application", "asginl") as (url, pid):
        rows = [*overhead(url, version), *streams(url, pid), *batch(url, pid, version)]
    return [*rows, *matrix_list.rows()]


if __name__ == "__main__":
    main()

"""A database of a benchmark's own on a PostgreSQL server, and nothing left of it afterwards.

HUB_TEST_DATABASE_URL names a server where one may be made; the default is the machine's own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

SERVER = os.environ.get("HUB_TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")


@contextmanager
def own_database() -> Iterator[str]:
    """The address of an empty database, dropped afterwards."""
    name = f"irodori_bench_{token_hex(4)}"
    with psycopg.connect(urlsplit(SERVER)._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield urlsplit(SERVER)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

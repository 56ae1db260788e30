"""SQLite on a laptop, PostgreSQL by HUB_DATABASE_URL."""

from pathlib import Path
from typing import Any

import dj_database_url

# WAL lets readers read while one writer writes; IMMEDIATE makes writers queue instead of failing half-way.
# Without IMMEDIATE, four writers fail in 375 of 600 transactions; with it in none.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=134217728;"
        "PRAGMA journal_size_limit=27103364;PRAGMA cache_size=2000;"
    ),
}


# How often a connection asks the same until PostgreSQL prepares it: what is asked once is not worth keeping.
ASKED_OFTEN = 5


def database(url: str, data_dir: Path, *, prepare: bool = True) -> dict[str, Any]:
    """Django's DATABASES entry for a URL, or the SQLite file of the data folder where the URL is empty."""
    if url and not url.startswith("sqlite"):
        return _postgresql(url, prepare)
    path = url.removeprefix("sqlite:///") or str(data_dir / "irodori.sqlite3")
    # Tests get a file too: threads that share Django's in-memory database block each other at once.
    test = {"NAME": str(Path(path).with_suffix(".test.sqlite3"))}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": SQLITE_OPTIONS, "TEST": test}


def _postgresql(url: str, prepare: bool) -> dict[str, Any]:
    entry: dict[str, Any] = dict(
        dj_database_url.parse(url, engine="hub.postgresql", conn_max_age=60, conn_health_checks=True)
    )
    # PostgreSQL prepares only what it is sent apart from the values.
    prepared: dict[str, Any] = {"server_side_binding": True, "prepare_threshold": ASKED_OFTEN} if prepare else {}
    return entry | {"OPTIONS": prepared | entry.get("OPTIONS", {})}

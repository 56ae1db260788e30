"""A connection to PostgreSQL that is used again: it is not asked whether it lives, and replaced where it doesn't."""

import pytest
from django.db import connection, connections

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.services,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="only a server can end a session"),
]
LAST_ASKED = "SELECT query FROM pg_stat_activity WHERE pid = %s"
END = "SELECT pg_terminate_backend(%s, 5000)"


def test_a_connection_that_lives_is_used_again_without_a_question() -> None:
    pid = _pid()
    _begin_the_next_request()
    with connection.cursor():  # which is where Django looks
        pass
    assert _from_beside(LAST_ASKED, pid) == "SELECT pg_backend_pid() AS mine"
    assert _pid() == pid


def test_a_session_that_the_server_ended_is_replaced_and_nobody_notices() -> None:
    pid = _pid()
    assert _from_beside(END, pid) is True
    _begin_the_next_request()
    assert _pid() != pid


def test_after_an_error_the_server_is_asked() -> None:
    pid = _pid()
    connection.errors_occurred = True
    _begin_the_next_request()
    assert connection.errors_occurred is False
    assert _from_beside(LAST_ASKED, pid) == "SELECT 1"


def test_what_is_asked_often_is_prepared() -> None:
    for _ in range(8):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s + 1 AS sum", [1])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%AS sum'")
        assert cursor.fetchone() == (1,)


def _begin_the_next_request() -> None:
    """As `close_old_connections` does, which would close a test's own connection."""
    connection.close_if_unusable_or_obsolete()


def _pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid() AS mine")
        return int(cursor.fetchone()[0])


def _from_beside(sql: str, value: int) -> object:
    beside = connections.create_connection("default")
    try:
        with beside.cursor() as cursor:
            cursor.execute(sql, [value])
            return cursor.fetchone()[0]
    finally:
        beside.close()

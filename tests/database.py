"""What every test's database needs: quick passwords, and a ledger that can be emptied behind a test."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase, override_settings

from marketplace.ledger.append_only import protect, unprotect


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    # The real hasher takes a third of a second for each person a test makes.
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """What a process knows for some seconds is of the test before."""
    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _flush_without_the_ledgers_triggers() -> Iterator[None]:
    """A transactional test empties every table afterwards, which the ledger's triggers rightly refuse."""
    original = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # the stubs leave it out

    def teardown(test: TransactionTestCase) -> None:
        unprotect(connection)
        try:
            original(test)
        finally:
            protect(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield

"""The same two kinds of client, and the same clean settings, as in the unit tests; and the command of somebody with credit."""

import pytest

from marketplace.accounts.models import User
from tests.factories.command import Command
from tests.factories.generation import make_request
from tests.factories.ledger import make_buyer
from tests.unit.sdk.conftest import _no_settings_of_whoever_runs_the_tests, hub

__all__ = ["_no_settings_of_whoever_runs_the_tests", "hub"]


@pytest.fixture
def buyer() -> User:
    make_request()
    return make_buyer()


@pytest.fixture
def iro(monkeypatch: pytest.MonkeyPatch, buyer: User) -> Command:
    return Command(monkeypatch, buyer)

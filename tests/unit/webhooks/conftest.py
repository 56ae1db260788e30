"""Somebody else's server, which the setting for development allows."""

from collections.abc import Iterator

import pytest

from hub.settings.site import site_config
from tests.factories.receivers import Receiver, receiver
from tests.factories.webhooks import Clock


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as started:
        monkeypatch.setenv("HUB_WEBHOOK_LOCAL_HOSTS", started.address)
        site_config.cache_clear()
        yield started
    monkeypatch.undo()
    site_config.cache_clear()


@pytest.fixture
def clock() -> Clock:
    return Clock()

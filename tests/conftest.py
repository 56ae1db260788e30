"""Fixtures that start real servers, once per run, when the first test asks for them."""

from collections.abc import Iterator

import pytest

from hub.config import hub_config
from hub.local.servers import running_broker, running_store
from hub.object_store import ObjectStore
from hub.testing.environment import BROKER_URL, EMBEDDED_BROKER_URL, FOLDER, ON_SERVICES, PORTS


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[str]:
    """The URL of a broker process that speaks the Redis protocol."""
    with running_broker(FOLDER, PORTS.broker):
        yield EMBEDDED_BROKER_URL


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> str:
    """The URL of the broker that the settings name, running: the embedded one, or Redis in `make test-services`."""
    if not ON_SERVICES:
        request.getfixturevalue("embedded_broker")
    return BROKER_URL


@pytest.fixture(scope="session")
def object_store_server() -> Iterator[ObjectStore]:
    """A real S3 server with an empty bucket; `hub.object_store.object_store()` reaches the same one."""
    with running_store(FOLDER, PORTS, hub_config()) as store:
        yield store

"""Fixtures that start real servers, once per run, when the first test asks for them."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils import translation

from hub.config import hub_config
from hub.local.servers import running_broker, running_store
from hub.local.stamp import ROOT
from hub.object_store import ObjectStore
from hub.testing.environment import BROKER_URL, EMBEDDED_BROKER_URL, FOLDER, ON_SERVICES, PORTS
from hub.testing.stack import RunningStack
from hub.testing.stack import running_stack as start_stack

WHOLE_HUB = "the whole hub"
pytest_plugins = ["tests.database", "tests.fixtures_receipts", "tests.fixtures_torch"]


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """One process runs a file, and one all that speak to the whole hub, which takes half a minute to start. What is long
    begins first, so that at the end no process waits for it alone."""
    for item in items:
        whole_hub = "running_stack" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group(WHOLE_HUB if whole_hub else item.path.relative_to(ROOT).as_posix()))
        if whole_hub:
            item.add_marker("long")
    yield
    # After pytest-django, which sorts by what tests do to the database.
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if getattr(config.option, "loadgroup", False) and not all("@" in item.nodeid for item in items):
        raise pytest.UsageError("This pytest tells pytest-xdist no groups, so each process would start every server.")


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_found_when_asked_for() -> None:
    """And not listed at the start, which takes every new `Client` 13 ms, and there are thousands."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def in_the_usual_language() -> Iterator[None]:
    """A request leaves its language behind in its thread, where the next test would find it."""
    with translation.override(None):
        yield


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


@pytest.fixture(scope="session")
def running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The whole hub as `irodori up` runs it, on free ports, with an empty catalogue."""
    with start_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running

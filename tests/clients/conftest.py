"""One hub for the programs of all APIs, with a published style."""

from collections.abc import Iterator

import pytest

from hub.local.demo_styles import STYLES
from tests.stability_hub import StabilityHub, stability_hub


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StabilityHub]:
    with stability_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="session")
def style(hub: StabilityHub) -> tuple[int, str]:
    """A published version, and its id as an engine or a model."""
    return hub.publish(STYLES[0])

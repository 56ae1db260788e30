from collections.abc import Iterator

import pytest

from marketplace.api.limits.counters import counters


@pytest.fixture(autouse=True)
def _nobody_asked_before() -> Iterator[None]:
    """Requests are counted by a person's number, which tests use again."""
    counters.cache_clear()
    yield
    counters.cache_clear()

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _nobody_asked_before() -> Iterator[None]:
    """The limit of requests is kept in the cache, by a person's number, which tests use again."""
    cache.clear()
    yield
    cache.clear()

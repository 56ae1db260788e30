"""What `make soak` does ten thousand times: random requests and broken packs on one engine, from sixteen threads."""

import random
from pathlib import Path

import pytest

from bench.soak.storm import soak

pytestmark = [pytest.mark.torch, pytest.mark.long]
OPERATIONS = 300
LEAK = 5.0
"""Per cent: a tenth of a megabyte for each request, which nothing but a leak takes once every size of a batch was met."""


def test_every_image_of_a_storm_is_the_one_that_its_request_gives_alone(tmp_path: Path) -> None:
    # Another storm each time: the error names the seed, and `python -m bench.soak --seed` repeats it.
    found = soak(tmp_path, OPERATIONS, seed=random.SystemRandom().randrange(2**31))
    assert found.images + found.refused + found.cancelled == OPERATIONS
    assert found.growth < LEAK, f"MB after each tenth: {found.memory}"

"""What a test needs of the machine: a skip on a laptop that lacks it, a failure in CI."""

import os
from typing import NoReturn

import pytest


def lacking(message: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)

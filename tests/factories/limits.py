"""Counters of requests for one test alone: persons' numbers are used again, and a broker may remember them."""

import pytest

from marketplace.api.limits.counters import Counters


def count_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Counters("")
    monkeypatch.setattr("marketplace.api.limits.throttles.counters", lambda: fresh)

"""When a failed delivery is tried again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.webhooks.schedule import SPREAD, WAITS, wait_after


def test_the_waits_are_those_of_the_standard_and_then_it_ends() -> None:
    hours = [wait.total_seconds() / 3600 for wait in (wait_after(n, chance=0) or timedelta() for n in range(1, 11))]
    assert hours == [5 / 3600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24, 0]
    assert wait_after(10, chance=0) is None


@given(st.integers(1, 9), st.floats(0, 1))
def test_chance_adds_at_most_a_fifth(tries: int, chance: float) -> None:
    wait = wait_after(tries, chance=chance)
    assert wait is not None
    assert WAITS[tries - 1] <= wait <= WAITS[tries - 1] * (1 + SPREAD) + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("1", 5),
        ("999999", 24 * 3600),
        ("99999999999999999999", 5),
        ("-5", 5),
        ("soon", 5),
        ("٣", 5),
        ("Thu, 26 Nov 2026 09:00:00 GMT", 5),
        ("", 5),
    ],
)
def test_a_receiver_may_ask_for_more_time_but_not_for_ever(said: str, seconds: int) -> None:
    assert wait_after(1, chance=0, retry_after=said) == timedelta(seconds=seconds)

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.serving.waiting_line import CLOSE_ENOUGH, highest, latencies, one_at_a_time
from bench.timing import percentile

some = st.lists(st.tuples(st.floats(0, 10), st.floats(0.01, 2)), min_size=1, max_size=20)


def test_a_request_waits_for_those_before_it() -> None:
    assert latencies([0, 2, 4], [1, 3, 1], rate=1) == [1, 3, 2]
    assert latencies([0, 2, 4], [1, 3, 1], rate=2) == [1, 3, 3]
    assert latencies([0, 2, 4], [1, 3, 1], rate=0.5) == [1, 3, 1]


@given(some, st.floats(0.1, 10))
def test_nobody_waits_longer_where_fewer_come(requests: list[tuple[float, float]], rate: float) -> None:
    moments, service = sorted(gap for gap, _ in requests), [takes for _, takes in requests]
    slower, faster = latencies(moments, service, rate), latencies(moments, service, rate * 1.5)
    assert all(calm <= busy + 1e-9 for calm, busy in zip(slower, faster, strict=True))


def test_the_rate_of_the_line_is_the_last_within_the_bound() -> None:
    moments, service = list(range(100)), [1.0] * 100
    rate = one_at_a_time(moments, service, bound=5.0)
    assert percentile(latencies(moments, service, rate), 0.99) <= 5.0
    assert percentile(latencies(moments, service, rate * CLOSE_ENOUGH), 0.99) > 5.0


@pytest.mark.parametrize("first", [0.01, 1.0, 3.3, 900.0])
def test_the_highest_rate_is_found_from_either_side(first: float) -> None:
    asked: list[float] = []

    def keeps(rate: float) -> bool:
        asked.append(rate)
        return rate <= 3.0

    found = highest(keeps, first)
    assert 3.0 / CLOSE_ENOUGH <= found <= 3.0
    assert len(asked) == len(set(asked)) <= 2 * math.ceil(math.log2(900)) + 5


@pytest.mark.parametrize("keeps", [True, False])
def test_a_search_that_finds_no_end_stops(keeps: bool) -> None:
    with pytest.raises(RuntimeError, match="No rate near 1 a second"):
        highest(lambda _: keeps, 1.0)

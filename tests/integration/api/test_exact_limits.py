"""Sixty-four threads at once, and then two processes at once: exactly as many are let through as the limit says."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from limits import parse

from hub.local.stamp import ROOT
from marketplace.api.limits.counters import Counters

THREADS, EACH, LIMIT = 64, 8, 100
ELSEWHERE = """
import sys, django
django.setup()
from limits import parse
from marketplace.api.limits.counters import Counters
counters = Counters(sys.argv[1])
print(sum(counters.count(parse("100/hour"), sys.argv[2]).let_through for _ in range(200)))
"""


def let_through(counters: Counters) -> list[int]:
    """How many were left after each request that was."""
    whom, together = str(uuid4()), Barrier(THREADS)

    def ask(_: int) -> list[int]:
        together.wait()
        counts = [counters.count(parse(f"{LIMIT}/hour"), whom) for _ in range(EACH)]
        return [count.remaining for count in counts if count.let_through]

    with ThreadPoolExecutor(THREADS) as pool:
        return sorted(left for lefts in pool.map(ask, range(THREADS)) for left in lefts)


@pytest.mark.stack
@pytest.mark.services
def test_in_redis_exactly_the_limit_is_let_through_and_each_is_told_another_rest(broker: str) -> None:
    if not broker.startswith("redis"):
        pytest.skip("the broker is no Redis")
    assert [let_through(Counters(broker)) for _ in range(3)] == [list(range(LIMIT))] * 3


def test_in_one_process_exactly_the_limit_is_let_through_and_each_is_told_another_rest() -> None:
    assert [let_through(Counters("")) for _ in range(3)] == [list(range(LIMIT))] * 3


@pytest.mark.stack
@pytest.mark.services
def test_two_processes_share_one_limit(broker: str) -> None:
    if not broker.startswith("redis"):
        pytest.skip("the broker is no Redis")
    command = [sys.executable, "-c", ELSEWHERE, broker, str(uuid4())]
    asking = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)]
    counted = [int(each.communicate(timeout=60)[0].split()[-1]) for each in asking]
    assert sum(counted) == LIMIT, counted

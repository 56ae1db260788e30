"""Latency while requests keep coming, and how many may come before it grows too long."""

import os
import statistics
from collections.abc import Iterator, Sequence

from bench.common import Row, row
from bench.serving.arrivals import STYLES, Arrival, arrivals
from bench.serving.bench import MODE, Bench
from bench.serving.plot import draw
from bench.serving.servers import GUIDANCE, STEPS, Server, servers
from bench.timing import percentile, seconds

REQUESTS = int(os.environ.get("BENCH_REQUESTS", "60"))
SERVED_ALONE = 8
SHARE_OF_CAPACITY = 0.9
BOUND = 5.0
FIRST_RATE, STEP = 0.5, 1.2
TRIALS = 12


def load(bench: Bench) -> Iterator[Row]:
    """The arrivals are the same for both servers, moments, styles and seeds; only their pace is scaled."""
    ours, rival, loop = servers(bench)
    try:
        coming = arrivals(REQUESTS, seed=1)
        service = _service_time(rival, coming), _service_time(ours, coming)
        yield from _at_high_load(ours, rival, coming, service[0])
        yield _highest(ours, rival, coming, service)
    finally:
        loop.stop()


def _service_time(server: Server, coming: Sequence[Arrival]) -> float:
    """Mean seconds of one request alone; the capacity of a one-at-a-time server is one over this."""
    server.answer(coming[0])
    return statistics.fmean(seconds(lambda each=each: server.answer(each)) for each in coming[:SERVED_ALONE])  # type: ignore[misc] # bound at once


def _at_high_load(ours: Server, rival: Server, coming: Sequence[Arrival], service: float) -> Iterator[Row]:
    rate = SHARE_OF_CAPACITY / service
    latencies = {"one at a time": rival.latencies(coming, rate), "irodori": ours.latencies(coming, rate)}
    draw(latencies, f"Latency at {rate:.2f} requests per second, {MODE}")
    p99 = {name: percentile(each, 0.99) for name, each in latencies.items()}
    p50 = {name: statistics.median(each) for name, each in latencies.items()}
    words = f"latency at 90 % of the one-at-a-time server's capacity, {_words(coming)}"
    beside = "one at a time {:.3g} s; ours {:.3g} s"
    for id_, each, aim in (("p99_load", p99, "≤ 0.4 x"), ("p50_load", p50, "")):
        what = f"{id_.removesuffix('_load')} {words}"
        yield row(id_, what, "x", aim, [each["irodori"] / each["one at a time"]], beside.format(*each.values()))


def _highest(ours: Server, rival: Server, coming: Sequence[Arrival], service: tuple[float, float]) -> Row:
    """Rates change by a fifth at a time; both servers are held to the same bound, of the rival's service time."""
    bound = BOUND * service[0]
    theirs = _sustained(rival, coming, FIRST_RATE / service[0], bound)
    most = _sustained(ours, coming, theirs, bound)
    words = f"highest rate with p99 under {BOUND:g} x a request's service time, {_words(coming)}"
    beside = (
        f"one at a time {theirs:.3g} per second; ours {most:.3g}; service {service[0]:.3g} s, ours {service[1]:.3g} s"
    )
    return row("max_rate", words, "x", "≥ 1.5 x", [most / theirs], beside)


def _sustained(server: Server, coming: Sequence[Arrival], rate: float, bound: float) -> float:
    """The highest rate that the server keeps up with: up from the first one if it keeps that, down from it if not."""

    def keeps(rate: float) -> bool:
        p99 = percentile(server.latencies(coming, rate), 0.99)
        print(f"{rate:.3g} a second, {server.at_once} at once: p99 {p99:.3g} s of {bound:.3g} s", flush=True)
        return p99 <= bound

    step = STEP if keeps(rate) else 1 / STEP
    for _ in range(TRIALS):
        rate *= step
        if keeps(rate) != (step > 1):
            return rate / step if step > 1 else rate
    raise RuntimeError(f"The bound of {bound:.3g} s was not found within {TRIALS} rates.")


def _words(coming: Sequence[Arrival]) -> str:
    return (
        f"{len(coming)} Poisson arrivals, Zipf over {STYLES} adapters, two in every other request, "
        f"{STEPS} steps, guidance {GUIDANCE:g} ({MODE})"
    )

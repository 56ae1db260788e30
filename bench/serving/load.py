"""Latency while requests keep coming, and how many may come before it grows too long."""

import os
import statistics
from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from bench.common import Row, row
from bench.serving import waiting_line
from bench.serving.arrivals import STYLES, Arrival, arrivals
from bench.serving.bench import MODE, Bench
from bench.serving.plot import draw
from bench.serving.servers import GUIDANCE, STEPS, Server, servers
from bench.timing import percentile, seconds

REQUESTS = int(os.environ.get("BENCH_REQUESTS", "60"))
# Of a highest rate: so many that they come for much longer than any may wait, else a server would be held to no rate at all.
LASTING = 5 * REQUESTS
SERVED_ALONE, TRIED_FIRST = 8, 4
SHARE_OF_CAPACITY = 0.9
BOUND = 5.0


def load(bench: Bench) -> Iterator[Row]:
    """The arrivals are the same for both servers, moments, styles and seeds; only their pace is scaled."""
    ours, rival, loop = servers(bench)
    try:
        coming = arrivals(REQUESTS, seed=1)
        service = _service(rival, coming)
        yield from _at_high_load(ours, rival, coming, service)
        yield _highest(ours, arrivals(LASTING, seed=1), service)
    finally:
        loop.stop()


def _service(server: Server, coming: Sequence[Arrival]) -> list[float]:
    """Seconds of each request alone; the capacity of a one-at-a-time server is one over their mean."""
    server.answer(coming[0])
    took = [seconds(lambda each=each: server.answer(each)) for each in coming]  # type: ignore[misc] # bound at once
    print(f"alone: {min(took):.3g} to {max(took):.3g} s, mean {statistics.fmean(took):.3g}", flush=True)
    return took


def _at_high_load(ours: Server, rival: Server, coming: Sequence[Arrival], service: Sequence[float]) -> Iterator[Row]:
    rate = SHARE_OF_CAPACITY / statistics.fmean(service)
    latencies = {"one at a time": rival.latencies(coming, rate), "irodori": ours.latencies(coming, rate)}
    draw(latencies, f"Latency at {rate:.2f} requests per second, {MODE}")
    p99 = {name: percentile(each, 0.99) for name, each in latencies.items()}
    p50 = {name: statistics.median(each) for name, each in latencies.items()}
    told = percentile(waiting_line.latencies([each.at for each in coming], service, rate), 0.99)
    print(f"one at a time: p99 {p99['one at a time']:.3g} s, {told:.3g} s as told by its service times", flush=True)
    words = f"latency at 90 % of the one-at-a-time server's capacity, {_words(coming)}"
    beside = "one at a time {:.3g} s; ours {:.3g} s"
    for id_, each, aim in (("p99_load", p99, "≤ 0.4 x"), ("p50_load", p50, "")):
        what = f"{id_.removesuffix('_load')} {words}"
        yield row(id_, what, "x", aim, [each["irodori"] / each["one at a time"]], beside.format(*each.values()))


def _highest(ours: Server, coming: Sequence[Arrival], service: Sequence[float]) -> Row:
    """Both are held to the same bound. The rival's rate follows from its service times, without hours of trials."""
    bound = BOUND * statistics.fmean(service)
    taking = list(islice(cycle(service), len(coming)))  # every other one wears two styles, here as there
    theirs = waiting_line.one_at_a_time([each.at for each in coming], taking, bound)
    most = _sustained(ours, coming, bound)
    words = f"highest rate with p99 under {BOUND:g} x a request's service time of one at a time, {_words(coming)}"
    beside = f"one at a time {theirs:.3g} per second; ours {most:.3g}; bound {bound:.3g} s"
    return row("max_rate", words, "x", "≥ 1.5 x", [most / theirs], beside)


def _sustained(server: Server, coming: Sequence[Arrival], bound: float) -> float:
    """Measured, from a rate on that would be too much for it by far if it served one after another."""

    def keeps(rate: float) -> bool:
        p99 = percentile(server.latencies(coming, rate), 0.99)
        print(f"{rate:.3g} a second: p99 {p99:.3g} s of {bound:.3g} s", flush=True)
        return p99 <= bound

    alone = statistics.fmean(_service(server, coming[:SERVED_ALONE]))
    return waiting_line.highest(keeps, TRIED_FIRST / alone)


def _words(coming: Sequence[Arrival]) -> str:
    return (
        f"{len(coming)} Poisson arrivals, Zipf over {STYLES} adapters, two in every other request, "
        f"{STEPS} steps, guidance {GUIDANCE:g} ({MODE})"
    )

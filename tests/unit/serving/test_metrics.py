"""What a worker tells Prometheus, read as Prometheus reads it."""

import itertools
import socket
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from hub.jobs import GenerateJob
from hub.plugin_api import Engine, EngineReport, Generation, LocalPack, ModelLayout, Run, Tally, Tier
from serving.config import ServingConfig
from serving.engine.loop import EngineLoop
from serving.engine.ticket import Ticket
from serving.metrics.endpoint import WorkerMetrics, serve_metrics
from serving.metrics.meter import Meter, metered
from serving.metrics.readings import Reading, Readings, engine_readings, jobs_readings, tier_readings
from tests.serving_jobs import job

WAIT_SECONDS = 10


class Counting(Engine):
    """Makes as many steps as the job asks for, all in one group; a prompt says what to break."""

    def load(self, device: str) -> None: ...

    def layout(self) -> ModelLayout:
        return ModelLayout({})

    def fingerprint(self) -> str:
        return "untouched"

    def group(self, job: GenerateJob) -> str:
        return job.prompt

    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> Run:
        return Run(job)

    def step(self, runs: Sequence[Run]) -> None:
        for run in runs:
            if run.job.prompt == "breaks":
                raise ZeroDivisionError
            run.step += 1

    def finish(self, run: Run) -> Generation:
        return Generation(b"done", "text/plain", run.job.seed)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is a second later than the one before, so each call to an engine takes one second."""
    seconds = itertools.count()
    monkeypatch.setattr("time.perf_counter", lambda: float(next(seconds)))


@contextmanager
def serving(registry: CollectorRegistry, hour_price: float = 0.0) -> Iterator[EngineLoop]:
    meter = Meter(registry, hour_price)
    loop = EngineLoop({"sdxl": metered("sdxl", Counting(), meter)}, "cpu", 60.0)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop(WAIT_SECONDS)
    assert meter.running == 0


def drawn_together(loop: EngineLoop, *jobs: GenerateJob) -> None:
    held = threading.Event()
    threading.Thread(target=loop.call, args=(lambda _: held.wait(WAIT_SECONDS),)).start()
    futures: list[Future[Generation]] = [loop.submit(Ticket(each)) for each in jobs]
    held.set()
    for future in futures:
        future.exception(WAIT_SECONDS)


def values(registry: CollectorRegistry, *names: str) -> list[float | None]:
    return [registry.get_sample_value(name, {"engine": "sdxl"}) for name in names]


@pytest.mark.usefixtures("clock")
def test_steps_batches_and_device_time_are_counted_and_shared_among_a_batch() -> None:
    registry = CollectorRegistry()
    with serving(registry, hour_price=36.0) as loop:
        drawn_together(loop, job(steps=2), job(steps=3))
    # Two steps of both and one of the longer: 3 s; each has 1 s to start and 1 s to decode: 7 s.
    assert values(registry, "irodori_steps_total", "irodori_batch_size_count", "irodori_batch_size_sum") == [5, 3, 5]
    assert values(registry, "irodori_step_seconds_sum", "irodori_device_seconds_total") == [3, 7]
    assert values(registry, "irodori_images_total", "irodori_image_device_seconds_sum") == [2, 7]
    assert registry.get_sample_value("irodori_image_device_seconds_bucket", {"engine": "sdxl", "le": "2.0"}) == 0
    assert values(registry, "irodori_image_cost_count", "irodori_image_cost_sum") == [2, pytest.approx(0.07)]
    assert registry.get_sample_value("irodori_device_hour_price") == 36.0
    assert values(registry, "irodori_base_load_seconds") == [1]


@pytest.mark.usefixtures("clock")
def test_each_picture_tells_its_part_of_time_and_energy() -> None:
    joules = itertools.count(step=10)
    meter = Meter(CollectorRegistry(), energy=lambda _device: float(next(joules)))
    engine = metered("sdxl", Counting(), meter)
    short, long = (engine.start(job(steps=steps), ()) for steps in (1, 2))
    engine.step([short, long])
    engine.step([long])
    told = [engine.finish(run) for run in (short, long)]
    # Each call takes a second and ten joules: one to start, one to decode, half of the step that both share.
    assert [(each.device_seconds, each.energy_joules) for each in told] == [(2.5, 25.0), (3.5, 35.0)]


@pytest.mark.usefixtures("clock")
def test_a_device_that_does_not_tell_leaves_the_energy_open() -> None:
    engine = metered("sdxl", Counting(), Meter(CollectorRegistry()))
    run = engine.start(job(), ())
    told = engine.finish(run)
    assert (told.device_seconds, told.energy_joules) == (2.0, None)


@pytest.mark.usefixtures("clock")
def test_a_step_that_fails_cost_time_and_made_no_picture() -> None:
    registry = CollectorRegistry()
    with serving(registry) as loop:
        drawn_together(loop, job(prompt="breaks"))
    assert values(registry, "irodori_device_seconds_total", "irodori_images_total", "irodori_steps_total") == [
        2,
        None,
        None,
    ]


def test_without_a_price_nothing_is_said_of_costs() -> None:
    registry = CollectorRegistry()
    with serving(registry) as loop:
        drawn_together(loop, job())
    names = {family.name for family in registry.collect()}
    assert (names & {"irodori_image_cost", "irodori_device_hour_price"}, "irodori_images" in names) == (set(), True)


def test_what_the_meter_does_not_measure_goes_straight_to_the_engine() -> None:
    engine = metered("sdxl", Counting(), Meter(CollectorRegistry()))
    assert (engine.fingerprint(), engine.group(job(prompt="a")), engine.report()) == ("untouched", "a", EngineReport())


def test_reports_become_counters_and_gauges() -> None:
    report = EngineReport(tiers=(Tier("host", 3, 2, 0.5, 100, 1000),), swaps=4, swap_seconds=0.25)
    registry = CollectorRegistry()
    registry.register(
        Readings(
            [
                lambda: engine_readings({"sdxl": report}),
                lambda: tier_readings(Tier("disk", 7)),
                lambda: jobs_readings(5, 2),
            ]
        )
    )
    host = {"engine": "sdxl", "tier": "host"}
    names = ("hits_total", "misses_total", "load_seconds_total")
    assert [registry.get_sample_value(f"irodori_adapter_{name}", host) for name in names] == [3, 2, 0.5]
    assert [registry.get_sample_value(f"irodori_tier_{name}", host) for name in ("bytes", "limit_bytes")] == [100, 1000]
    assert values(registry, "irodori_swaps_total", "irodori_swap_seconds_total") == [4, 0.25]
    assert registry.get_sample_value("irodori_adapter_hits_total", {"engine": "", "tier": "disk"}) == 7
    states = [registry.get_sample_value("irodori_jobs", {"state": state}) for state in ("running", "waiting")]
    assert states == [2, 3]


def test_who_can_not_measure_hides_nothing_of_the_others() -> None:
    def broken() -> Iterator[Reading]:
        raise OSError("the device is gone")
        yield

    registry = CollectorRegistry()
    registry.register(Readings([broken, lambda: jobs_readings(1, 1)]))
    assert registry.get_sample_value("irodori_jobs", {"state": "running"}) == 1


def test_a_tally_counts_what_succeeded() -> None:
    tally = Tally()
    tally.find()
    with tally.doing():
        pass
    with pytest.raises(OSError, match="gone"), tally.doing():
        raise OSError("gone")
    tier = tally.tier("disk", used_bytes=1, limit_bytes=2)
    assert (tier.hits, tier.misses, 0 < tier.seconds < WAIT_SECONDS) == (1, 1, True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_prometheus_is_answered_on_loopback_until_the_worker_stops() -> None:
    port = free_port()
    metrics = WorkerMetrics(ServingConfig(metrics_port=port))
    engines = metrics.metered([("echo", Counting())])
    engines["echo"].load("cpu")
    metrics.serve([lambda: jobs_readings(2, 1)])
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        families = {family.name for family in text_string_to_metric_families(answer.read().decode())}
    metrics.stop()
    assert {"irodori_jobs", "irodori_base_load_seconds", "process_start_time_seconds"} <= families
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics")


def test_a_port_in_use_does_not_stop_the_worker_and_no_port_means_no_endpoint() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = serve_metrics(CollectorRegistry(), "127.0.0.1", other.getsockname()[1])
    assert (taken, serve_metrics(CollectorRegistry(), "127.0.0.1", 0)) == (None, None)

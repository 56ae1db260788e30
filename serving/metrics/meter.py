"""What the engines do, counted while they do it. The loop knows nothing of it: it is given engines with a meter on."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

from hub.jobs import GenerateJob
from hub.plugin_api import Engine, Generation, LocalPack, Preview, Run
from serving.metrics import measures
from serving.metrics.device import energy_joules
from serving.metrics.measures import Measure

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120)
HOUR = 3600.0


class Meter:
    """Counts of all engines of a worker. `hour_price` is what an hour of the device costs; 0 where nobody said.

    `running` is how many runs were started and have not ended. `energy` asks a device for the joules that it used so far.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        hour_price: float = 0.0,
        energy: Callable[[str], float | None] = energy_joules,
    ) -> None:
        self.energy = energy
        self.hour_price = hour_price
        self.running = 0
        self.batch = Histogram(*_named(measures.BATCH), buckets=SIZES, registry=registry)
        self.steps = Counter(*_named(measures.STEPS), registry=registry)
        self.step_seconds = Histogram(*_named(measures.STEP_SECONDS), buckets=SECONDS, registry=registry)
        self.images = Counter(*_named(measures.IMAGES), registry=registry)
        self.device_seconds = Counter(*_named(measures.DEVICE_SECONDS), registry=registry)
        self.image_seconds = Histogram(*_named(measures.IMAGE_SECONDS), buckets=SECONDS, registry=registry)
        self.base_load = Gauge(*_named(measures.BASE_LOAD), registry=registry)
        if hour_price:
            self.image_cost = Summary(*_named(measures.IMAGE_COST), registry=registry)
            Gauge(*_named(measures.HOUR_PRICE), registry=registry).set(hour_price)


class MeteredEngine:
    """What the loop asks of an engine, with a meter on what takes time; all else goes straight to it.

    Runs are called on the loop's one thread. On CUDA a step returns before the device has made it: a single step's time
    may be short of it, but `finish` waits for the picture, so sums over pictures are right.
    """

    def __init__(self, name: str, engine: Engine, meter: Meter) -> None:
        self._name, self._engine, self._meter = name, engine, meter
        # By identity: an engine's own runs need not be hashable.
        self._spent: dict[int, Spent] = {}
        self._device = "cpu"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def load(self, device: str) -> None:
        began = time.perf_counter()
        self._engine.load(device)
        self._device = self._engine.report().device
        self._meter.base_load.labels(self._name).set(time.perf_counter() - began)

    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> Run:
        began = self._now()
        run = self._engine.start(job, packs)
        self._spent[id(run)] = Spent(0.0, 0.0)
        self._meter.running += 1
        self._spend(self._now().since(began), [run])
        return run

    def step(self, runs: Sequence[Run]) -> None:
        meter, before = self._meter, sum(run.step for run in runs)
        with self._spending(runs) as spent:
            self._engine.step(runs)
        meter.step_seconds.labels(self._name).observe(spent[0].seconds)
        meter.batch.labels(self._name).observe(len(runs))
        meter.steps.labels(self._name).inc(sum(run.step for run in runs) - before)

    def preview(self, run: Run) -> Preview | None:
        with self._spending([run]):
            return self._engine.preview(run)

    def finish(self, run: Run) -> Generation:
        meter = self._meter
        with self._spending([run]):
            generation = self._engine.finish(run)
        spent = self._spent[id(run)]
        meter.images.labels(self._name).inc()
        meter.image_seconds.labels(self._name).observe(spent.seconds)
        if meter.hour_price:
            meter.image_cost.labels(self._name).observe(spent.seconds / HOUR * meter.hour_price)
        return replace(generation, device_seconds=spent.seconds, energy_joules=spent.joules)

    def end(self, run: Run) -> None:
        del self._spent[id(run)]
        self._meter.running -= 1
        self._engine.end(run)

    @contextmanager
    def _spending(self, runs: Sequence[Run]) -> Iterator[list["Spent"]]:
        """What the block takes counts for these runs, even if it fails; inside the list once it has ended."""
        spent: list[Spent] = []
        began = self._now()
        try:
            yield spent
        finally:
            spent.append(self._now().since(began))
            self._spend(spent[0], runs)

    def _spend(self, spent: "Spent", runs: Sequence[Run]) -> None:
        self._meter.device_seconds.labels(self._name).inc(spent.seconds)
        for run in runs:
            self._spent[id(run)] = self._spent[id(run)].plus(spent, len(runs))

    def _now(self) -> "Spent":
        return Spent(time.perf_counter(), self._meter.energy(self._device))


@dataclass(frozen=True)
class Spent:
    """Of the device: time, and energy where it tells."""

    seconds: float
    joules: float | None

    def since(self, began: "Spent") -> "Spent":
        joules = None if self.joules is None or began.joules is None else self.joules - began.joules
        return Spent(self.seconds - began.seconds, joules)

    def plus(self, other: "Spent", shared_by: int) -> "Spent":
        joules = None if self.joules is None or other.joules is None else self.joules + other.joules / shared_by
        return Spent(self.seconds + other.seconds / shared_by, joules)


def metered(name: str, engine: Engine, meter: Meter) -> Engine:
    return cast("Engine", MeteredEngine(name, engine, meter))


def _named(measure: Measure) -> tuple[str, str, tuple[str, ...]]:
    return measure.name, measure.meaning, measure.labels

"""What is looked up when Prometheus asks: counts that others keep, and what the broker and the device say."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from celery import Celery
from kombu import Connection
from kombu.exceptions import OperationalError
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.plugin_api import EngineReport, Tier
from serving.metrics import measures
from serving.metrics.device import energy_joules, memory_bytes
from serving.metrics.measures import Measure

log = structlog.get_logger(__name__)

Reading = tuple[Measure, tuple[str, ...], float]
"""A measure, the values of its labels, and its value."""
Source = Callable[[], Iterable[Reading]]
BROKER_PATIENCE_S = 2.0


class Readings(Collector):
    """Asks every source at each scrape, on the thread of the endpoint."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        families: dict[Measure, Metric] = {}
        for source in self._sources:
            for measure, labels, value in _read(source):
                family = families.setdefault(measure, _family(measure))
                family.add_sample(measure.name, dict(zip(measure.labels, labels, strict=True)), value)
        yield from families.values()


def _read(source: Source) -> list[Reading]:
    try:
        return list(source())
    except Exception:
        # The boundary to whoever measures: what one can't say must not hide what the others do.
        log.exception("metrics.source_failed", source=getattr(source, "__name__", repr(source)))
        return []


def _family(measure: Measure) -> Metric:
    if measure.kind == "counter":
        return CounterMetricFamily(measure.name.removesuffix("_total"), measure.meaning)
    return GaugeMetricFamily(measure.name, measure.meaning)


def jobs_readings(taken: int, running: int) -> Iterator[Reading]:
    yield measures.JOBS, ("running",), running
    # One that ends is in neither count for a moment.
    yield measures.JOBS, ("waiting",), max(0, taken - running)


def queue_readings(app: Celery, queues: Iterable[str]) -> Iterator[Reading]:
    """Nothing at all while the broker is away."""
    try:
        with app.connection_for_read(connect_timeout=BROKER_PATIENCE_S) as connection:
            for queue in queues:
                yield measures.QUEUE, (queue,), _messages(connection, queue)
    except OperationalError as error:
        log.warning("metrics.broker_away", reason=str(error))


def _messages(connection: Connection, queue: str) -> int:
    channel: Any = connection.channel()  # A new one: RabbitMQ closes it where there is no such queue.
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except connection.channel_errors:
        return 0  # Nothing was ever sent there, or on Redis, nothing is left.
    finally:
        channel.close()


def engine_readings(reports: Mapping[str, EngineReport]) -> Iterator[Reading]:
    for engine, report in reports.items():
        yield measures.SWAPS, (engine,), report.swaps
        yield measures.SWAP_SECONDS, (engine,), report.swap_seconds
        for tier in report.tiers:
            yield from tier_readings(tier, engine)


def tier_readings(tier: Tier, engine: str = "") -> Iterator[Reading]:
    """`engine` is empty for the disk, which all engines share."""
    labels = (engine, tier.name)
    yield measures.HITS, labels, tier.hits
    yield measures.MISSES, labels, tier.misses
    yield measures.LOAD_SECONDS, labels, tier.seconds
    yield measures.TIER_BYTES, labels, tier.used_bytes
    yield measures.TIER_LIMIT, labels, tier.limit_bytes


def device_readings(devices: Iterable[str]) -> Iterator[Reading]:
    for device in sorted(set(devices)):
        if memory := memory_bytes(device):
            yield measures.MEMORY_FREE, (device,), memory.free
            yield measures.MEMORY, (device,), memory.total
        if (joules := energy_joules(device)) is not None:
            yield measures.ENERGY, (device,), joules

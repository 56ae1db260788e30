"""What one worker process holds: the engines of the queues it reads, their loop, the cache, and its readiness."""

import secrets
from collections.abc import Iterable, Sequence
from functools import cached_property
from threading import Thread
from typing import TYPE_CHECKING

import structlog
from celery import Celery

from hub.config import plugin_registry
from hub.jobs import WORKER_MARK, GenerateJob, WorkerStarted, generate_queue
from hub.object_store import object_store
from hub.plugin_api import ADAPTER_FORMAT, ENGINE, Generation, LocalPack
from hub.registry import Registry
from serving.adapters.bases import stored_base, whole_packs
from serving.adapters.cache import PackCache
from serving.adapters.convert import Converter
from serving.config import ServingConfig
from serving.engine.loop import EngineLoop
from serving.engine.ticket import Ticket
from serving.generate import Generator
from serving.in_hand import JobsInHand
from serving.metrics.endpoint import WorkerMetrics
from serving.metrics.readings import (
    Source,
    device_readings,
    engine_readings,
    jobs_readings,
    queue_readings,
    tier_readings,
)
from serving.reporting import Send, sender

if TYPE_CHECKING:
    from serving.adapters.extraction import Extractor

log = structlog.get_logger(__name__)


def engines_of(queues: Iterable[str]) -> list[str]:
    """The engines whose jobs come through these queues."""
    prefix = generate_queue("")
    return sorted(queue.removeprefix(prefix) for queue in queues if queue.startswith(prefix))


class ServingWorker:
    """`engines` are ids; a convert worker has none and never loads a base.

    `address` is Celery's name for this worker: the site sends a cancel to it. `name` adds a mark of this process, so
    that the site can tell it from one that was killed at the same address.
    """

    def __init__(self, app: Celery, config: ServingConfig, address: str, engines: Iterable[str]) -> None:
        self.app, self.config = app, config
        self.metrics = WorkerMetrics(config)
        self.name = f"{address}{WORKER_MARK}{secrets.token_hex(4)}"
        self.send: Send = sender(app)
        self.jobs = JobsInHand()
        self.draining = False
        self._drawing: dict[str, EngineLoop] = {}
        self._registry: Registry = plugin_registry()
        loaded = self.metrics.metered((name, self._registry.get(ENGINE, name)) for name in engines)
        self.loop = EngineLoop(loaded, config.serving_device, config.job_deadline_seconds, config.max_batch)

    def start(self) -> None:
        """Load the engines; only then may jobs come."""
        if self.loop.engines:
            self.loop.start()
            self.send(WorkerStarted(worker=self.name))
            # Its S3 client takes a third of a second, which the first buyer should not wait.
            verifying = self.generator.cache.verify
            Thread(target=verifying, name="verify-packs", daemon=True).start()
            self.metrics.serve(self._metric_sources())

    def drain(self) -> None:
        """Take nothing more: what is drawn here is finished, what only waits is handed back. Safe in a signal handler."""
        self.draining = True
        self.loop.drain()

    def stop(self) -> None:
        if self.loop.engines:
            self.loop.stop(timeout=5)
        for loop in self._drawing.values():
            loop.stop(timeout=5)
        self.metrics.stop()

    def fingerprints(self) -> dict[str, str]:
        """Engine -> SHA-256 of its live base, read between steps."""
        if not self.loop.engines:
            return {}
        return self.loop.call(lambda engines: {name: engine.fingerprint() for name, engine in engines.items()})

    def _metric_sources(self) -> list[Source]:
        engines, cache = self.loop.engines, self.generator.cache
        queues = [generate_queue(engine) for engine in engines]
        return [
            lambda: jobs_readings(len(self.jobs), self.metrics.meter.running),
            lambda: queue_readings(self.app, queues),
            lambda: tier_readings(cache.tier()),
            lambda: engine_readings({name: engine.report() for name, engine in engines.items()}),
            lambda: device_readings(engine.report().device for engine in engines.values()),
        ]

    @cached_property
    def generator(self) -> Generator:
        store = object_store()
        fetch = whole_packs(store.stream, self.loop.engines.values)
        cache = PackCache(self.config.pack_cache_dir, self.config.pack_cache_bytes, fetch)
        return Generator(
            loop=self.loop,
            cache=cache,
            store=store,
            jobs=self.jobs,
            send=self.send,
            worker=self.name,
            # What must pass a check first is not shown before (decision 15).
            preview_every=0 if self._registry.gates_output else self.config.preview_every_steps,
        )

    @cached_property
    def extractor(self) -> "Extractor":
        from serving.adapters.extraction import Extractor  # torch comes with it, which only this job needs

        store = object_store()

        def packs_of(engine: str) -> PackCache:
            fetch = whole_packs(store.stream, lambda: [self._registry.get(ENGINE, engine)])
            return PackCache(self.config.pack_cache_dir, self.config.pack_cache_bytes, fetch)

        return Extractor(self.converter, packs_of, self._draw)

    def _draw(self, job: GenerateJob, packs: Sequence[LocalPack]) -> Generation:
        """With the loop that serves the engine; a worker without one keeps the base in memory from its first picture on."""
        loop = self.loop if job.engine in self.loop.engines else self._drawing.get(job.engine)
        if loop is None:
            engines = {job.engine: self._registry.get(ENGINE, job.engine)}
            loop = self._drawing[job.engine] = EngineLoop(engines, "cpu", self.config.job_deadline_seconds)
            loop.start()
        return loop.submit(Ticket(job, packs=packs)).result()

    @cached_property
    def converter(self) -> Converter:
        return Converter(
            object_store(),
            layout_of=lambda engine: self._registry.get(ENGINE, engine).layout(),
            format_of=lambda name: self._registry.get(ADAPTER_FORMAT, name),
            base_of=lambda engine: stored_base(self._registry.get(ENGINE, engine)),
            work_dir=self.config.work_dir,
        )

"""What one worker process holds: the engines of the queues it reads, their loop, the cache, and its readiness."""

import secrets
from collections.abc import Iterable
from functools import cached_property

import structlog
from celery import Celery

from hub.config import plugin_registry
from hub.jobs import WORKER_MARK, WorkerStarted, generate_queue
from hub.object_store import object_store
from hub.plugin_api import ADAPTER_FORMAT, ENGINE
from hub.registry import Registry
from serving.adapters.cache import PackCache
from serving.adapters.convert import Converter
from serving.config import ServingConfig
from serving.engine.loop import EngineLoop
from serving.generate import Generator
from serving.in_hand import JobsInHand
from serving.reporting import Send, sender

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
        self.config = config
        self.name = f"{address}{WORKER_MARK}{secrets.token_hex(4)}"
        self.send: Send = sender(app)
        self.jobs = JobsInHand()
        self.draining = False
        self._registry: Registry = plugin_registry()
        loaded = {name: self._registry.get(ENGINE, name) for name in engines}
        self.loop = EngineLoop(loaded, config.serving_device, config.job_deadline_seconds, config.max_batch)

    def start(self) -> None:
        """Load the engines; only then may jobs come."""
        if self.loop.engines:
            self.loop.start()
            self.send(WorkerStarted(worker=self.name))
            _ = self.generator  # Its S3 client takes a third of a second, which the first buyer should not wait.

    def stop(self) -> None:
        if self.loop.engines:
            self.loop.stop(timeout=5)

    def fingerprints(self) -> dict[str, str]:
        """Engine -> SHA-256 of its live base, read between steps."""
        if not self.loop.engines:
            return {}
        return self.loop.call(lambda engines: {name: engine.fingerprint() for name, engine in engines.items()})

    @cached_property
    def generator(self) -> Generator:
        store = object_store()
        cache = PackCache(self.config.pack_cache_dir, self.config.pack_cache_bytes, store.stream)
        return Generator(loop=self.loop, cache=cache, store=store, jobs=self.jobs, send=self.send, worker=self.name)

    @cached_property
    def converter(self) -> Converter:
        return Converter(
            object_store(),
            layout_of=lambda engine: self._registry.get(ENGINE, engine).layout(),
            format_of=lambda name: self._registry.get(ADAPTER_FORMAT, name),
            work_dir=self.config.work_dir,
        )

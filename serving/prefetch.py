"""Brings the adapters of jobs that still wait in this worker nearer: from the store to the disk, to the device."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from hub.jobs import GenerateJob
from serving.adapters.cache import PackCache
from serving.engine.loop import EngineLoop

log = structlog.get_logger(__name__)

# One may wait for the store while another loads from the disk; more would only take turns with the jobs that run.
THREADS = 2


class Prefetcher:
    """A hint: whatever fails here is tried again, and told, when the job has its turn."""

    def __init__(self, loop: EngineLoop, cache: PackCache) -> None:
        self._loop, self._cache = loop, cache
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="prefetch")

    def queued(self, message: Mapping[str, Any]) -> None:
        """A generate message has come to this worker, which may have no thread for it yet. Returns at once."""
        self._threads.submit(self._bring_near, message)

    def stop(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _bring_near(self, message: Mapping[str, Any]) -> None:
        try:
            job = GenerateJob.model_validate(message)
            if job.adapters and (engine := self._loop.engines.get(job.engine)):
                with self._cache.hold(job.adapters) as packs:
                    engine.prepare(packs)
        except Exception:
            log.info("prefetch.failed", exc_info=True)

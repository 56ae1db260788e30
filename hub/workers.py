"""The command line of each kind of worker, in one place for the supervisor, `irodori worker` and the tests."""

import os
import sys
from collections.abc import Sequence

from hub.jobs import CONVERT_QUEUE, SITE_QUEUE, WEBHOOK_QUEUE, generate_queue

SITE_THREADS = 4


def site_worker(*, beat: bool = True) -> tuple[str, ...]:
    """Ingest, results, the ledger, webhooks. Exactly one sends the periodic tasks; any number may run beside it."""
    name = "--hostname=site@%h" if beat else f"--hostname=site-{os.getpid()}@%h"
    command = _celery("hub.celery", [SITE_QUEUE, WEBHOOK_QUEUE], SITE_THREADS)
    return (*command, name, "--beat") if beat else (*command, name)


def generate_worker(engines: Sequence[str]) -> tuple[str, ...]:
    """One process per accelerator: it holds the base and takes jobs of its engines, as many as HUB_MAX_BATCH tells it."""
    queues = [generate_queue(engine) for engine in engines]
    return (*_celery("serving.celery", queues), "--hostname=generate@%h")


def convert_worker() -> tuple[str, ...]:
    """Turns uploads into packs, on the CPU, one at a time."""
    return (*_celery("serving.celery", [CONVERT_QUEUE], 1), "--hostname=convert@%h")


def _celery(app: str, queues: Sequence[str], threads: int | None = None) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "celery", "-A", app, "worker"),
        f"--queues={','.join(queues)}",
        "--pool=threads",
        *([f"--concurrency={threads}"] if threads else []),
        # Workers have nothing to tell each other; without these they start a second sooner.
        "--without-gossip",
        "--without-mingle",
        "--loglevel=INFO",
    )

"""The serving tier's Celery app: `celery -A serving.celery worker -P threads -Q generate.sdxl` (or `-Q convert`)."""

import os
import sys
from typing import Any

import structlog
from celery import Celery
from celery.signals import (
    celeryd_after_setup,
    setup_logging,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from kombu import Exchange, Queue

from hub.celery_options import CELERY_OPTIONS
from hub.jobs import CONVERT_QUEUE, generate_queue
from hub.logs import configure_logging
from hub.ready import report_ready, withdraw_ready
from serving.config import serving_config
from serving.worker import ServingWorker, engines_of

if "DJANGO_SETTINGS_MODULE" in os.environ:
    sys.exit(
        "DJANGO_SETTINGS_MODULE is set, so Celery would load the site and its database into the serving worker. "
        "Unset it and start again."
    )

log = structlog.get_logger(__name__)

app = Celery("irodori-serving", broker=serving_config().broker_url, include=["serving.tasks"])
app.conf.update(CELERY_OPTIONS, worker_concurrency=serving_config().jobs_in_hand)
# What a worker without --queues reads.
app.conf.task_queues = [
    # Each its own exchange, as Celery gives a queue that is only named: the site names them when it sends.
    Queue(name, Exchange(name, "direct"), routing_key=name)
    for name in (*map(generate_queue, serving_config().serving_engines), CONVERT_QUEUE)
]

_worker: ServingWorker | None = None


def current_worker() -> ServingWorker:
    """This process's worker, once it has started."""
    if _worker is None:
        raise RuntimeError("The serving worker has not started.")
    return _worker


@setup_logging.connect
def _configure_logging(**_: Any) -> None:
    configure_logging("serving", serving_config().log_level)


@celeryd_after_setup.connect
def _start(instance: Any, **_: Any) -> None:
    """Runs before the worker asks for its first message."""
    global _worker
    withdraw_ready()
    try:
        engines = engines_of(instance.app.amqp.queues.consume_from)
        _worker = ServingWorker(app, serving_config(), instance.hostname, engines)
        _worker.start()
    except Exception as error:
        # The boundary to engine plugins. Celery would log it and take jobs without a base.
        log.critical("worker.not_started", exc_info=True)
        sys.exit(f"The serving worker could not start: {error}")


@worker_ready.connect
def _ready(**_: Any) -> None:
    log.info("worker.ready", worker=current_worker().name, engines=sorted(current_worker().loop.engines))
    report_ready()


@worker_shutting_down.connect
def _drain(**_: Any) -> None:
    if _worker:
        _worker.drain()


@worker_shutdown.connect
def _stop(**_: Any) -> None:
    withdraw_ready()
    if _worker:
        _worker.stop()

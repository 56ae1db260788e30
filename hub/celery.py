"""The site worker's Celery app: `celery -A hub.celery worker -Q site,webhooks -B -P threads`."""

import os

from celery import Celery
from celery.signals import beat_embedded_init, setup_logging, worker_ready

from hub.config import hub_config
from hub.local.children import die_with_parent
from hub.logs import configure_logging
from hub.ready import report_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

app = Celery("irodori")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _configure(**_: object) -> None:
    configure_logging("site-worker", hub_config().log_level)


@worker_ready.connect
def _ready(**_: object) -> None:
    report_ready()


@beat_embedded_init.connect
def _stay_with_the_worker(**_: object) -> None:
    # Beat is a process of its own, which would go on sending tasks when the worker is killed.
    die_with_parent()

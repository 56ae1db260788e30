"""The site worker's Celery app: `celery -A hub.celery worker -Q site -B -P threads`."""

import os

from celery import Celery
from celery.signals import setup_logging

from hub.config import hub_config
from hub.logs import configure_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

app = Celery("irodori")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _configure(**_: object) -> None:
    configure_logging("site-worker", hub_config().log_level)

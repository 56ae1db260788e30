"""What a worker that is stopping does with messages that still reach it. In a process without Django, as workers are."""

import os
import subprocess
import sys

HANDS_BACK = """
from celery.exceptions import Reject
from serving import celery, tasks
from serving.config import serving_config
from serving.worker import ServingWorker

celery._worker = ServingWorker(celery.app, serving_config(), "test@host", [])
celery._worker.drain()
for task in (tasks.generate, tasks.convert, tasks.extract):
    try:
        task({})
    except Reject as rejected:
        print(task.name, rejected.requeue)
"""


def test_a_stopping_worker_hands_every_message_back_to_its_queue() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ended = subprocess.run(
        [sys.executable, "-c", HANDS_BACK], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout.splitlines() == ["serving.generate True", "serving.convert True", "serving.extract True"]

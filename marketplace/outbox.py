"""Sends a message once the rows it speaks of can be seen; no answer waits for the broker or a mail server.

The row is the truth and the message only a hint: where the broker is down the reaper sends it again, so a failure to
send is logged and never undoes what was saved.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from hub.celery import app
from hub.web.afterwards import afterwards


def send_after_commit(task: str, *args: Any, queue: str) -> None:
    """Send a Celery task by name with JSON arguments."""

    def send() -> None:
        # Once more at once: a pooled connection may be older than the broker.
        app.send_task(task, args=args, queue=queue, retry=True, retry_policy={"max_retries": 1, "interval_start": 0})

    after_commit(send)


def after_commit(send: Callable[[], object]) -> None:
    """Once what the transaction wrote can be seen and the answer that it is for is given; at once where none is open."""

    # A function and no partial: Django names it when it logs that it failed, and a partial has no name.
    def committed() -> None:
        afterwards(send)

    transaction.on_commit(committed, robust=True)

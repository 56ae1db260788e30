"""Sends a message once the rows it speaks of can be seen.

The row is the truth and the message only a hint: where the broker is down the reaper sends it again, so a failure to
send is logged and never undoes what was saved.
"""

from typing import Any

from django.db import transaction

from hub.celery import app


def send_after_commit(task: str, *args: Any, queue: str) -> None:
    """Send a Celery task by name with JSON arguments; at once where no transaction is open."""

    def send() -> None:
        # Once more at once: a pooled connection may be older than the broker.
        app.send_task(task, args=args, queue=queue, retry=True, retry_policy={"max_retries": 1, "interval_start": 0})

    # A function and no partial: Django names it when it logs that it failed, and a partial has no name.
    transaction.on_commit(send, robust=True)

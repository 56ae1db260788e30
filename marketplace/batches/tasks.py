"""What the site worker does for batches when the clock calls."""

from celery import shared_task

from hub.jobs import SITE_QUEUE
from marketplace.batches import services


@shared_task(name="batches.finish", queue=SITE_QUEUE)
def finish() -> None:
    services.finish_batches()

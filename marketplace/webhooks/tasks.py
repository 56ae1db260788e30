"""What the clock, and a hint after each event, set going."""

from celery import shared_task
from django.utils import timezone

from hub.jobs import SITE_QUEUE, WEBHOOK_QUEUE
from marketplace.webhooks import keeping, sender
from marketplace.webhooks.messages import SEND_TASK


@shared_task(name=SEND_TASK, queue=WEBHOOK_QUEUE)
def send_due() -> None:
    sender.send_due()


@shared_task(name="webhooks.keep", queue=SITE_QUEUE)
def keep() -> None:
    keeping.tell_owners()
    while keeping.forget_old(now=timezone.now()) == keeping.AT_ONCE:
        pass

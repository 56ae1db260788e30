"""What the clock does to the API's own rows."""

from celery import shared_task
from django.utils import timezone

from hub.jobs import SITE_QUEUE
from marketplace.api import keeping


@shared_task(name="api.keep", queue=SITE_QUEUE)
def keep() -> None:
    while keeping.forget_answers(now=timezone.now()) == keeping.AT_ONCE:
        pass

"""What the clock does to subscriptions."""

from celery import shared_task
from django.utils import timezone

from hub.jobs import SITE_QUEUE
from marketplace.orders.purchases import renew_subscriptions


@shared_task(name="orders.renew_subscriptions", queue=SITE_QUEUE)
def renew() -> None:
    renew_subscriptions(now=timezone.now())

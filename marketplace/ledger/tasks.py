"""What the clock does to the ledger."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from hub.jobs import SITE_QUEUE
from hub.settings.site import site_config
from marketplace.ledger import services


@shared_task(name="ledger.keep", queue=SITE_QUEUE)
def keep() -> None:
    """Make earnings available, and keep balances quick to read."""
    now = timezone.now()
    services.release_due(before=now - timedelta(days=site_config().holdback_days))
    services.checkpoint_long_accounts()

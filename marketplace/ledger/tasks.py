"""What the clock does to the ledger."""

from datetime import timedelta
from functools import cache

import structlog
from celery import shared_task
from django.utils import timezone

from hub.jobs import SITE_QUEUE
from hub.settings.site import site_config
from hub.signing import SigningKeyError
from marketplace.ledger import services
from marketplace.ledger.sealing.keys import signing_keyring
from marketplace.ledger.sealing.sealer import seal_waiting
from marketplace.ledger.sealing.waiting import Look

log = structlog.get_logger(__name__)


@shared_task(name="ledger.keep", queue=SITE_QUEUE)
def keep() -> None:
    """Make earnings available, and keep balances quick to read."""
    now = timezone.now()
    services.release_due(before=now - timedelta(days=site_config().holdback_days))
    services.checkpoint_long_accounts()


@shared_task(name="ledger.seal", queue=SITE_QUEUE)
def seal(*, look: str = Look.RECENT) -> None:
    """Chain what was posted. Without a key nothing is sealed, and everything else goes on."""
    try:
        seal_waiting(signing_keyring(), Look(look))
    except SigningKeyError as error:
        _say_once(str(error))


@cache
def _say_once(reason: str) -> None:
    """Not every two seconds."""
    log.error("ledger.not_sealed", reason=reason)

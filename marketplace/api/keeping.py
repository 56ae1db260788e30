"""What the clock does to the API's own rows: forget what nobody will ask for again."""

from datetime import datetime, timedelta

from hub.settings.site import site_config
from marketplace.api.models import SavedAnswer

AT_ONCE = 1_000


def forget_answers(*, now: datetime) -> int:
    """Those that were given longer ago than the settings keep them. Says how many; at most so many at once."""
    before = now - timedelta(days=site_config().idempotency_days)
    # Without a status it is still being worked on.
    old = SavedAnswer.objects.filter(created_at__lt=before, status__isnull=False).order_by("created_at")
    ids = list(old.values_list("pk", flat=True)[:AT_ONCE])
    SavedAnswer.objects.filter(pk__in=ids).delete()
    return len(ids)

"""Refused files: kept for a week so that a creator can ask about them, within limits, then deleted."""

from datetime import datetime

import structlog
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from hub import keys
from hub.object_store import object_store
from marketplace.accounts.models import User
from marketplace.errors import Conflict
from marketplace.uploads.limits import MAX_QUARANTINED_BYTES, MAX_QUARANTINED_FILES, QUARANTINE_TIME
from marketplace.uploads.models import Upload

log = structlog.get_logger(__name__)
AT_ONCE = 100


def empty_quarantine(*, refused_before: datetime) -> None:
    """Delete the files that were refused before then; the refusal and its reason stay."""
    due = Upload.objects.filter(quarantined=True, changed_at__lt=refused_before)
    for upload in due.order_by("changed_at")[:AT_ONCE]:
        object_store().delete(keys.quarantine(upload.pk))
        Upload.objects.filter(pk=upload.pk).update(quarantined=False)
        log.info("upload.refused_file_deleted", upload=str(upload.pk), size=upload.size)


def refuse_if_quarantine_is_full(owner: User) -> None:
    """Raises Conflict while too many of the owner's refused files are still kept."""
    kept = Upload.objects.filter(owner=owner, quarantined=True).aggregate(
        files=Count("pk"), bytes=Sum("size", default=0)
    )
    if kept["files"] < MAX_QUARANTINED_FILES and kept["bytes"] < MAX_QUARANTINED_BYTES:
        return
    raise Conflict(
        _("Too many of your files were refused. They are kept for %(days)d days; try again when the first is gone.")
        % {"days": QUARANTINE_TIME.days},
        code="too_many_refused",
    )

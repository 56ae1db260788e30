"""A creator's own uploads."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.errors import NotFound
from marketplace.uploads.models import Upload

OPEN_STATES = (Upload.State.RECEIVING, Upload.State.CHECKING, Upload.State.CONVERTING)


def uploads_of(owner: User) -> QuerySet[Upload]:
    """Newest first."""
    return (
        Upload.objects.filter(owner=owner)
        .select_related("base_model", "pack")
        .prefetch_related("extractions")
        .order_by("-created_at")
    )


def own_upload(owner: User, upload_id: UUID) -> Upload:
    """Raises NotFound for another's upload too, so that ids tell nothing."""
    upload = uploads_of(owner).filter(pk=upload_id).first()
    if upload is None:
        raise NotFound(_("There is no such upload."))
    return upload

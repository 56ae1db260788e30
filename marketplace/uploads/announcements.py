"""What the hub announces about an upload, to its owner."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from marketplace.events import EventData, Kind, announce
from marketplace.uploads.models import Upload


class UploadReady(EventData):
    id: UUID
    """The upload, as `GET /api/v1/uploads/{id}` names it."""
    file_name: str
    """What its owner called the file."""
    sha256: str
    """The file's hash, hex; empty for a LoRA that the hub made of a model."""


class UploadRefused(EventData):
    id: UUID
    """The upload."""
    file_name: str
    """What its owner called the file."""
    code: str
    """Stable; the reference of errors lists them."""


ID = UUID("b6f7c1de-9a12-4a4c-8a37-6f0e5d1c2b3a")
READY = Kind(
    "upload.ready",
    _("A file of yours has been checked and can be published."),
    UploadReady,
    UploadReady(
        id=ID,
        file_name="washed-ink.safetensors",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
)
REFUSED = Kind(
    "upload.refused",
    _("A file of yours can’t be taken; the code says why."),
    UploadRefused,
    UploadRefused(id=ID, file_name="washed-ink.safetensors", code="hash_mismatch"),
)
KINDS = (READY, REFUSED)


def announce_ready(upload: Upload) -> None:
    data = UploadReady(id=upload.pk, file_name=upload.file_name, sha256=upload.sha256)
    announce(READY.event(upload.owner_id, data))


def announce_refused(upload: Upload) -> None:
    data = UploadRefused(id=upload.pk, file_name=upload.file_name, code=upload.refusal_code)
    announce(REFUSED.event(upload.owner_id, data))

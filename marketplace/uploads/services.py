"""Takes a creator's file: presigned parts go straight to the store, the site sees only their numbers."""

from collections.abc import Sequence
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hub import keys
from hub.jobs import SITE_QUEUE
from hub.object_store import ObjectMissingError, Part, object_store
from marketplace.accounts.models import User
from marketplace.catalogue.models import BaseModel
from marketplace.errors import Conflict, InvalidInput, Unavailable
from marketplace.outbox import send_after_commit
from marketplace.uploads.announcements import announce_refused
from marketplace.uploads.limits import MAX_FILE_BYTES, MAX_OPEN_UPLOADS, PART_BYTES
from marketplace.uploads.models import Upload
from marketplace.uploads.quarantine import refuse_if_quarantine_is_full
from marketplace.uploads.selectors import OPEN_STATES

INGEST_TASK = "uploads.ingest"


def start_upload(*, owner: User, file_name: str, size: int, base_model: str) -> Upload:
    """Open an upload for a file made for `base_model` (a slug). Raises InvalidInput, Conflict (quota), Unavailable."""
    _check_file(file_name, size)
    base = BaseModel.objects.filter(slug=base_model, enabled=True).first()
    if base is None:
        raise InvalidInput(_("Choose one of the base models offered."), code="unknown_base_model", field="base_model")
    upload = _reserve(owner, base, file_name, size)
    try:
        upload.store_upload_id = object_store().start_multipart(keys.quarantine(upload.pk))
    except (BotoCoreError, ClientError) as error:
        upload.delete()
        raise Unavailable(
            _("Files can't be received right now. Try again in a minute."), code="store_unavailable"
        ) from error
    upload.save(update_fields=["store_upload_id"])
    return upload


def part_url(*, upload: Upload, number: int) -> str:
    """Where to PUT part `number` (from 1) within 15 minutes, with exactly the part's length."""
    if upload.state != Upload.State.RECEIVING:
        raise Conflict(_("This upload takes no more parts. Start a new one."), code="not_receiving")
    if not 1 <= number <= upload.part_count:
        raise InvalidInput(
            _("This upload has parts 1 to %(count)d.") % {"count": upload.part_count},
            code="no_such_part",
            field="number",
        )
    length = min(upload.part_size, upload.size - (number - 1) * upload.part_size)
    return object_store().presign_part(keys.quarantine(upload.pk), upload.store_upload_id, number, length)


def complete_upload(*, upload: Upload, parts: Sequence[Part]) -> None:
    """Put the parts together and have the file checked; doing it twice does it once.

    A file whose size is not the announced one is refused. Raises InvalidInput (parts), Conflict (cancelled).
    """
    if upload.state in {Upload.State.ABORTED, Upload.State.REFUSED}:
        raise Conflict(_("This upload has ended. Start a new one."), code="not_receiving")
    if upload.state != Upload.State.RECEIVING:
        return
    if [part.number for part in sorted(parts, key=lambda part: part.number)] != list(range(1, upload.part_count + 1)):
        raise InvalidInput(
            _("Parts 1 to %(count)d are needed, each once. Send those that are missing.")
            % {"count": upload.part_count},
            code="parts_missing",
            field="parts",
        )
    _join(upload, parts)
    if object_store().size(keys.quarantine(upload.pk)) != upload.size:
        message = _("The file that arrived is not as long as announced. Upload it again.")
        refusal = {"refusal_code": "size_mismatch", "refusal_message": message, "quarantined": True}
        _refuse(upload, refusal)
        return
    _send_to_ingest(upload)


def abort_upload(*, upload: Upload) -> None:
    """Forget an upload whose parts are still arriving; doing it twice changes nothing. Raises Conflict later on."""
    if upload.state == Upload.State.ABORTED:
        return
    if not _leave_receiving(upload, state=Upload.State.ABORTED):
        raise Conflict(_("This upload has arrived already and can't be cancelled."), code="not_receiving")
    try:
        object_store().abort_multipart(keys.quarantine(upload.pk), upload.store_upload_id)
    except ClientError as error:
        if _code(error) != "NoSuchUpload":
            raise


def abort_abandoned(*, started_before: datetime) -> None:
    """Forget uploads that never got all their parts; the store frees what had arrived."""
    for upload in Upload.objects.filter(state=Upload.State.RECEIVING, created_at__lt=started_before):
        abort_upload(upload=upload)


def _check_file(file_name: str, size: int) -> None:
    if not 1 <= len(file_name) <= 200 or not file_name.isprintable():
        raise InvalidInput(
            _("A file name has 1 to 200 characters, none of them control characters. Rename the file."),
            code="bad_file_name",
            field="file_name",
        )
    if not 1 <= size <= MAX_FILE_BYTES:
        raise InvalidInput(_("A file has between 1 byte and 8 GiB."), code="bad_size", field="size")


@transaction.atomic
def _reserve(owner: User, base: BaseModel, file_name: str, size: int) -> Upload:
    """The row counts against the quota before the store is asked; the owner's row is locked while counting."""
    User.objects.select_for_update().get(pk=owner.pk)
    if Upload.objects.filter(owner=owner, state__in=OPEN_STATES).count() >= MAX_OPEN_UPLOADS:
        raise Conflict(
            _("You have %(most)d uploads under way. Finish or cancel one first.") % {"most": MAX_OPEN_UPLOADS},
            code="too_many_uploads",
        )
    refuse_if_quarantine_is_full(owner)
    # The name is only shown: in the store the file lies under a key of the hub's own.
    return Upload.objects.create(owner=owner, base_model=base, file_name=file_name, size=size, part_size=PART_BYTES)


def _join(upload: Upload, parts: Sequence[Part]) -> None:
    try:
        object_store().complete_multipart(keys.quarantine(upload.pk), upload.store_upload_id, parts)
    except ClientError as error:
        if _code(error) == "NoSuchUpload" and _is_stored(upload):
            return  # joined before, but the answer or the site was lost
        raise InvalidInput(
            _("The store does not know these parts. Send each part again and use the ETag it answers."),
            code="parts_mismatch",
            field="parts",
        ) from error


def _is_stored(upload: Upload) -> bool:
    try:
        return object_store().size(keys.quarantine(upload.pk)) > 0
    except ObjectMissingError:
        return False


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


@transaction.atomic
def _refuse(upload: Upload, refusal: dict[str, object]) -> None:
    if _leave_receiving(upload, state=Upload.State.REFUSED, **refusal):
        announce_refused(upload)


@transaction.atomic
def _send_to_ingest(upload: Upload) -> None:
    if _leave_receiving(upload, state=Upload.State.CHECKING, attempt=1, sent_at=timezone.now()):
        send_after_commit(INGEST_TASK, str(upload.pk), queue=SITE_QUEUE)


def _leave_receiving(upload: Upload, **changes: object) -> bool:
    """Only one caller moves an upload on, whatever runs at the same time."""
    moved = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING).update(**changes)
    upload.refresh_from_db()
    return bool(moved)

"""Has a checked file turned into a pack, takes the answer, and asks again where none comes.

A conversion is a pure function of an immutable source, so the answer to any attempt that was really made is good: a
slow first answer is not thrown away because a second was asked for. Only the first answer moves the upload on.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hub import keys
from hub.jobs import (
    CONVERT_QUEUE,
    CONVERT_TASK,
    EXTRACT_TASK,
    SITE_QUEUE,
    Converted,
    ConvertJob,
    ConvertRefused,
    Extracted,
)
from hub.object_store import ObjectMissingError, object_store
from marketplace.catalogue.models import Pack
from marketplace.outbox import send_after_commit
from marketplace.uploads.announcements import announce_ready, announce_refused
from marketplace.uploads.extraction_messages import columns_of, extract_job
from marketplace.uploads.file_metadata import with_words
from marketplace.uploads.limits import (
    ABANDONED_AFTER,
    EXTRACTION_PATIENCE,
    MAX_ATTEMPTS,
    QUARANTINE_TIME,
    patience,
)
from marketplace.uploads.models import Upload
from marketplace.uploads.quarantine import empty_quarantine
from marketplace.uploads.services import INGEST_TASK, abort_abandoned

log = structlog.get_logger(__name__)
UNDER_WAY = (Upload.State.CHECKING, Upload.State.CONVERTING)


@transaction.atomic
def start_conversion(*, upload: Upload, sha256: str, file_format: str, metadata: dict[str, object]) -> None:
    moved = Upload.objects.filter(pk=upload.pk, state=Upload.State.CHECKING).update(
        state=Upload.State.CONVERTING,
        sha256=sha256,
        format=file_format,
        metadata=metadata,
        attempt=1,
        sent_at=timezone.now(),
    )
    if moved:
        upload.refresh_from_db()
        send(upload)


@transaction.atomic
def accept_conversion(message: Converted) -> None:
    """The first answer whose pack really lies in the store makes the upload ready; every other is ignored."""
    upload = _awaited(message.upload_id, message.attempt)
    if upload is None or not _is_stored(message):
        log.info("upload.conversion_ignored", upload=str(message.upload_id), attempt=message.attempt)
        return
    pack = _pack(upload, message)
    if pack.base_model_id != upload.base_model_id:
        text = _("This file is here already, for %(base)s. Publish it there.") % {"base": pack.base_model.title}
        refuse(upload=upload, code="other_base_model", message=text)
        return
    own = columns_of(message) if isinstance(message, Extracted) else {}
    if message.words:
        own["metadata"] = with_words(upload.metadata, message.words)
    for name, value in {"state": Upload.State.READY, "pack": pack, **own}.items():
        setattr(upload, name, value)
    upload.save(update_fields=["state", "pack", "changed_at", *own])
    announce_ready(upload)


@transaction.atomic
def refuse_conversion(message: ConvertRefused) -> None:
    if upload := _awaited(message.upload_id, message.attempt):
        refuse(upload=upload, code=message.code, message=message.message, names=message.names)


@transaction.atomic
def refuse(*, upload: Upload, code: str, message: str, names: Sequence[str] = ()) -> None:
    """End the upload unless it has moved on since it was read; its owner reads the sentence, and all names beside it."""
    ended = Upload.objects.filter(pk=upload.pk, state=upload.state).update(
        state=Upload.State.REFUSED,
        refusal_code=code[:60],
        refusal_message=message,
        refusal_names=list(names),
        # What is being converted has left the quarantine already.
        quarantined=upload.state != Upload.State.CONVERTING,
        changed_at=timezone.now(),
    )
    upload.refresh_from_db()
    if ended:
        announce_refused(upload)


def reap(*, now: datetime) -> None:
    """Ask again where no news came, give up after three attempts, and forget what was never sent."""
    for upload in Upload.objects.filter(state__in=UNDER_WAY).select_related("base_model"):
        patient = patience(upload.size) + (EXTRACTION_PATIENCE if upload.extracted_from_id else timedelta())
        if upload.sent_at is None or upload.sent_at + patient < now:
            _ask_again(upload, now)
    abort_abandoned(started_before=now - ABANDONED_AFTER)
    empty_quarantine(refused_before=now - QUARANTINE_TIME)


@transaction.atomic
def _ask_again(upload: Upload, now: datetime) -> None:
    if upload.attempt >= MAX_ATTEMPTS:
        message = _("The file could not be prepared. Upload it again; if that fails too, tell us its name.")
        refuse(upload=upload, code="conversion_failed", message=message)
        return
    same = Upload.objects.filter(pk=upload.pk, state=upload.state, attempt=upload.attempt)
    if same.update(attempt=upload.attempt + 1, sent_at=now):
        upload.refresh_from_db()
        send(upload)


def send(upload: Upload) -> None:
    """Ask for the next step of an upload that is under way."""
    if upload.extracted_from_id:
        send_after_commit(EXTRACT_TASK, extract_job(upload).model_dump(mode="json"), queue=CONVERT_QUEUE)
        return
    if upload.state == Upload.State.CHECKING:
        send_after_commit(INGEST_TASK, str(upload.pk), queue=SITE_QUEUE)
        return
    job = ConvertJob(
        upload_id=upload.pk,
        attempt=upload.attempt,
        source_key=keys.source(upload.sha256),
        source_sha256=upload.sha256,
        format=upload.format,
        engine=upload.base_model.engine,
        file_name=upload.file_name,
    )
    send_after_commit(CONVERT_TASK, job.model_dump(mode="json"), queue=CONVERT_QUEUE)


def _awaited(upload_id: UUID, attempt: int) -> Upload | None:
    """The upload, locked, if this attempt was made and no answer has been taken yet."""
    return (
        Upload.objects.select_for_update(of=("self",))
        .select_related("base_model")
        .filter(pk=upload_id, state=Upload.State.CONVERTING, attempt__gte=attempt)
        .first()
    )


def _is_stored(message: Converted) -> bool:
    if message.pack_key not in {keys.pack(message.pack_sha256), keys.thin_pack(message.pack_sha256)}:
        return False
    try:
        return object_store().size(message.pack_key) == message.pack_size
    except ObjectMissingError:
        return False


def _pack(upload: Upload, message: Converted) -> Pack:
    pack, _created = Pack.objects.get_or_create(
        sha256=message.pack_sha256,
        defaults={
            "key": message.pack_key,
            "kind": message.kind,
            "size": message.pack_size,
            "rank": message.rank,
            "modules": message.modules,
            "base_model": upload.base_model,
        },
    )
    return pack

"""Refused files are kept for a week, within limits, and then deleted from the real store."""

from datetime import timedelta

import pytest
from django.utils import timezone

from hub import keys
from hub.object_store import ObjectMissingError, ObjectStore
from marketplace.errors import Conflict
from marketplace.uploads.conversion import reap, refuse
from marketplace.uploads.limits import MAX_QUARANTINED_FILES, QUARANTINE_TIME
from marketplace.uploads.models import Upload
from marketplace.uploads.quarantine import refuse_if_quarantine_is_full
from tests.factories.accounts import make_user
from tests.factories.uploads import make_upload

pytestmark = [pytest.mark.django_db, pytest.mark.stack]


def test_a_refused_file_is_deleted_after_a_week_and_its_reason_stays(object_store_server: ObjectStore) -> None:
    upload = make_upload(state=Upload.State.CHECKING, sent_at=timezone.now())
    object_store_server.put(keys.quarantine(upload.pk), b"not a model", "application/octet-stream")
    refuse(upload=upload, code="not_safetensors", message="Export it again.")
    reap(now=timezone.now() + QUARANTINE_TIME - timedelta(minutes=1))
    assert object_store_server.get(keys.quarantine(upload.pk)) == b"not a model"
    reap(now=timezone.now() + QUARANTINE_TIME + timedelta(minutes=1))
    with pytest.raises(ObjectMissingError):
        object_store_server.get(keys.quarantine(upload.pk))
    upload.refresh_from_db()
    assert (upload.state, upload.refusal_code, upload.quarantined) == ("refused", "not_safetensors", False)


def test_nobody_fills_the_store_with_refused_files() -> None:
    owner, other = make_user(), make_user()
    for _ in range(MAX_QUARANTINED_FILES - 1):
        make_upload(owner=owner, state=Upload.State.REFUSED, quarantined=True)
    refuse_if_quarantine_is_full(owner)
    make_upload(owner=owner, state=Upload.State.REFUSED, quarantined=True)
    with pytest.raises(Conflict, match="kept for 7 days"):
        refuse_if_quarantine_is_full(owner)
    refuse_if_quarantine_is_full(other)

"""Files that have arrived, hostile and honest, through ingest and conversion, on a real store."""

import hashlib
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import ml_dtypes
import numpy as np
import pytest
from django.utils import timezone

from hub import keys
from hub.jobs import Converted, ConvertRefused
from hub.object_store import ObjectMissingError, ObjectStore
from marketplace.catalogue.models import Pack
from marketplace.uploads.conversion import accept_conversion, reap, refuse_conversion
from marketplace.uploads.errors import FileRefused
from marketplace.uploads.ingest import ingest, keep
from marketplace.uploads.models import Upload
from tests.factories.catalogue import echo_base
from tests.factories.messages import messages_of
from tests.factories.tensor_files import MODULE, file_of, lora_file, tensor_file
from tests.factories.uploads import make_upload

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
State = Upload.State
KOHYA = {"ss_output_name": "washed ink", "ss_base_model_version": "sdxl_base_v1-0", "ss_network_dim": "4"}


def arrived(store: ObjectStore, content: bytes, **changes: Any) -> Upload:
    """An upload whose file lies in quarantine and waits for its check."""
    fields: dict[str, Any] = {"size": len(content), "state": State.CHECKING, "attempt": 1, "sent_at": timezone.now()}
    upload = make_upload(**fields | changes)
    store.put(keys.quarantine(upload.pk), content, "application/octet-stream")
    return upload


def converting(store: ObjectStore, **changes: Any) -> Upload:
    upload = arrived(store, lora_file(metadata={"unique": hashlib.sha256(str(changes).encode()).hexdigest()}))
    ingest(upload_id=upload.pk)
    Upload.objects.filter(pk=upload.pk).update(**changes)
    upload.refresh_from_db()
    return upload


def converted(store: ObjectStore, upload: Upload, content: bytes = b"a pack", **changes: Any) -> Converted:
    """What the convert worker reports once the pack is stored."""
    sha256 = hashlib.sha256(content).hexdigest()
    store.put(keys.pack(sha256), content, "application/octet-stream")
    fields = {
        "upload_id": upload.pk,
        "attempt": upload.attempt,
        "pack_key": keys.pack(sha256),
        "pack_sha256": sha256,
        "pack_size": len(content),
        "kind": "lora",
        "rank": 4,
        "modules": 1,
    }
    return Converted.model_validate(fields | changes)


def test_an_honest_file_is_kept_under_its_hash_and_sent_to_conversion(
    object_store_server: ObjectStore, django_capture_on_commit_callbacks: Any
) -> None:
    content = lora_file(metadata=KOHYA)
    sha256 = hashlib.sha256(content).hexdigest()
    upload = arrived(object_store_server, content)
    with django_capture_on_commit_callbacks() as callbacks:
        ingest(upload_id=upload.pk)
        ingest(upload_id=upload.pk)  # a message that came twice
    upload.refresh_from_db()
    assert (upload.state, upload.sha256, upload.format, upload.attempt) == (
        State.CONVERTING,
        sha256,
        "kohya_lora",
        1,
    )
    assert upload.metadata == {
        "title": "washed ink",
        "trigger_words": "",
        "base_version": "sdxl_base_v1-0",
        "network_dim": 4,
        "network_alpha": None,
        "steps": None,
    }
    assert object_store_server.get(keys.source(sha256)) == content
    with pytest.raises(ObjectMissingError):
        object_store_server.get(keys.quarantine(upload.pk))
    job = {
        "version": 1,
        "upload_id": str(upload.pk),
        "attempt": 1,
        "source_key": keys.source(sha256),
        "source_sha256": sha256,
        "format": "kohya_lora",
        "engine": "sdxl",
        "file_name": upload.file_name,
    }
    assert messages_of(callbacks) == [("serving.convert", (job,), "convert")]


def with_nan() -> bytes:
    values = np.ones((4, 32), ml_dtypes.bfloat16)
    values[3, 31] = np.nan
    up = np.ones((32, 4), ml_dtypes.bfloat16)
    return tensor_file({f"{MODULE}.lora_down.weight": values, f"{MODULE}.lora_up.weight": up})


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "pickle": (lambda: b"\x80\x04\x95" + b"\xff" * 64, "not_safetensors"),
    "zip": (lambda: b"PK\x03\x04" + bytes(64), "not_safetensors"),
    "one byte": (lambda: b"x", "truncated"),
    "truncated": (lambda: lora_file()[:-1], "truncated"),
    "truncated in its header": (lambda: lora_file()[:50], "truncated"),
    "trailing bytes": (lambda: lora_file() + b"\0", "trailing_bytes"),
    "no header": (lambda: bytes(8), "not_safetensors"),
    "control characters": (lambda: lora_file(metadata={"a": "\x1b[2J"}), "bad_metadata"),
    "NaN in the last number": (with_nan, "not_finite"),
    "over-rank": (lambda: lora_file(rank=257), "over_rank"),
    "wrong base": (lambda: lora_file(metadata={"ss_base_model_version": "sd_v1"}), "wrong_base"),
    "other tensors": (lambda: tensor_file({"x.weight": np.ones(3, np.float32)}), "unknown_format"),
    "wrong checksum": (lambda: lora_file(metadata={"modelspec.hash_sha256": "0x" + "0" * 64}), "hash_mismatch"),
    "header without body": (
        lambda: file_of({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}),
        "truncated",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_and_stays_in_quarantine(
    name: str, object_store_server: ObjectStore, django_capture_on_commit_callbacks: Any
) -> None:
    build, code = REFUSED[name]
    content = build()
    upload = arrived(object_store_server, content)
    with django_capture_on_commit_callbacks() as callbacks:
        ingest(upload_id=upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.refusal_code, callbacks) == (State.REFUSED, code, [])
    assert upload.refusal_message.endswith(".")
    assert object_store_server.get(keys.quarantine(upload.pk)) == content
    with pytest.raises(ObjectMissingError):
        object_store_server.size(keys.source(hashlib.sha256(content).hexdigest()))


def test_a_right_checksum_in_the_file_is_accepted(object_store_server: ObjectStore) -> None:
    body = hashlib.sha256(lora_file()[-2 * 4 * 32 * 2 - 2 :]).hexdigest()
    upload = arrived(object_store_server, lora_file(metadata={"modelspec.hash_sha256": f"0x{body.upper()}"}))
    ingest(upload_id=upload.pk)
    upload.refresh_from_db()
    assert upload.state == State.CONVERTING


def test_a_missing_file_is_refused(object_store_server: ObjectStore) -> None:
    upload = make_upload(state=State.CHECKING)
    ingest(upload_id=upload.pk)
    upload.refresh_from_db()
    assert upload.refusal_code == "file_missing"


def test_what_is_kept_is_what_was_checked(object_store_server: ObjectStore) -> None:
    checked = hashlib.sha256(b"checked").hexdigest()
    object_store_server.put("quarantine/swapped", b"swapped", "application/octet-stream")
    with pytest.raises(FileRefused) as refused:
        keep("quarantine/swapped", checked)
    assert refused.value.code == "file_changed"
    with pytest.raises(ObjectMissingError):
        object_store_server.get(keys.source(checked))


def test_nothing_in_quarantine_or_among_the_sources_is_handed_out(object_store_server: ObjectStore) -> None:
    upload = arrived(object_store_server, b"x")
    address = (
        f"{object_store_server.client.meta.endpoint_url}/{object_store_server.bucket}/{keys.quarantine(upload.pk)}"
    )
    assert httpx.get(address).status_code == 403


def test_a_file_is_read_in_far_less_memory_than_it_has(object_store_server: ObjectStore) -> None:
    content = tensor_file({f"{MODULE}.lora_down.weight": np.ones((8, 2**20), np.float32)})  # 32 MiB
    upload = arrived(object_store_server, content)
    tracemalloc.start()
    try:
        ingest(upload_id=upload.pk)
        _current, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    upload.refresh_from_db()
    assert (upload.state, peak < 16 * 2**20) == (State.CONVERTING, True)


def test_a_stored_pack_makes_the_upload_ready_once(object_store_server: ObjectStore) -> None:
    upload = converting(object_store_server)
    message = converted(object_store_server, upload)
    accept_conversion(message)
    accept_conversion(message)
    refuse_conversion(ConvertRefused(upload_id=upload.pk, attempt=1, code="late", message="Too late."))
    upload.refresh_from_db()
    pack = Pack.objects.get()
    assert (upload.state, upload.pack, upload.refusal_code) == (State.READY, pack, "")
    assert (pack.key, pack.kind, pack.rank, pack.modules, pack.base_model) == (
        message.pack_key,
        "lora",
        4,
        1,
        upload.base_model,
    )


def test_the_words_of_a_pack_are_suggested_as_trigger_words(object_store_server: ObjectStore) -> None:
    upload = converting(object_store_server)
    before = dict(upload.metadata)
    accept_conversion(
        converted(object_store_server, upload, kind="embedding", rank=0, modules=0, words=("moss", "ruin"))
    )
    upload.refresh_from_db()
    assert upload.metadata == {**before, "trigger_words": "moss, ruin"}
    assert (upload.state, Pack.objects.get().kind) == (State.READY, "embedding")


@pytest.mark.parametrize(
    "changes", [{"attempt": 2}, {"pack_size": 7}, {"pack_key": "packs/other"}, {"pack_sha256": "0" * 64}]
)
def test_an_answer_that_does_not_hold_is_ignored(object_store_server: ObjectStore, changes: dict[str, Any]) -> None:
    upload = converting(object_store_server)
    accept_conversion(converted(object_store_server, upload, **changes))
    upload.refresh_from_db()
    assert (upload.state, Pack.objects.exists()) == (State.CONVERTING, False)


def test_a_slow_first_answer_counts_after_a_second_was_asked_for(object_store_server: ObjectStore) -> None:
    upload = converting(object_store_server, attempt=2)
    accept_conversion(converted(object_store_server, upload, attempt=1))
    upload.refresh_from_db()
    assert upload.state == State.READY


def test_two_uploads_of_one_file_share_a_pack(object_store_server: ObjectStore) -> None:
    for _ in range(2):
        upload = converting(object_store_server)
        accept_conversion(converted(object_store_server, upload))
        upload.refresh_from_db()
        assert (upload.state, upload.pack) == (State.READY, Pack.objects.get())


def test_a_pack_of_another_base_is_not_mixed_up(object_store_server: ObjectStore) -> None:
    first, second = converting(object_store_server), converting(object_store_server, base_model=echo_base())
    for upload in (first, second):
        accept_conversion(converted(object_store_server, upload))
    second.refresh_from_db()
    assert (second.state, second.refusal_code) == (State.REFUSED, "other_base_model")


def test_a_refused_conversion_tells_why_and_fills_no_quarantine(object_store_server: ObjectStore) -> None:
    upload = converting(object_store_server)
    names = ("unet.one", "unet.two")
    refuse_conversion(
        ConvertRefused(upload_id=upload.pk, attempt=1, code="unknown_module", message="No such module.", names=names)
    )
    upload.refresh_from_db()
    assert (upload.state, upload.refusal_code, upload.refusal_message, upload.refusal_names) == (
        State.REFUSED,
        "unknown_module",
        "No such module.",
        ["unet.one", "unet.two"],
    )
    assert not upload.quarantined, "Its file left the quarantine, so it must not count there."


def test_silence_is_answered_by_asking_again_three_times_in_all(
    object_store_server: ObjectStore, django_capture_on_commit_callbacks: Any
) -> None:
    upload = converting(object_store_server)
    now = timezone.now()
    asked = []
    for minutes in (0, 2, 4, 6, 8):
        with django_capture_on_commit_callbacks() as callbacks:
            reap(now=now + timedelta(minutes=minutes))
        asked += [(task, args[0]["attempt"], queue) for task, args, queue in messages_of(callbacks)]
    upload.refresh_from_db()
    assert asked == [("serving.convert", 2, "convert"), ("serving.convert", 3, "convert")]
    assert (upload.state, upload.refusal_code) == (State.REFUSED, "conversion_failed")


def test_a_lost_check_is_asked_for_again(
    object_store_server: ObjectStore, django_capture_on_commit_callbacks: Any
) -> None:
    upload = arrived(object_store_server, lora_file())
    with django_capture_on_commit_callbacks() as callbacks:
        reap(now=timezone.now() + timedelta(seconds=59))
        reap(now=timezone.now() + timedelta(seconds=61))
    assert messages_of(callbacks) == [("uploads.ingest", (str(upload.pk),), "site")]
    ingest(upload_id=upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.attempt) == (State.CONVERTING, 1)


def test_uploads_abandoned_for_a_day_are_forgotten(object_store_server: ObjectStore) -> None:
    upload = make_upload()
    store_upload = object_store_server.start_multipart(keys.quarantine(upload.pk))
    Upload.objects.filter(pk=upload.pk).update(store_upload_id=store_upload)
    reap(now=timezone.now() + timedelta(hours=23))
    upload.refresh_from_db()
    assert upload.state == State.RECEIVING
    reap(now=timezone.now() + timedelta(hours=25))
    upload.refresh_from_db()
    assert upload.state == State.ABORTED

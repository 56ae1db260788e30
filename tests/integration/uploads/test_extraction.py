"""A LoRA made of a creator's model: asked for once, answered once, downloaded by its owner, published as any upload."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hub import keys
from hub.jobs import Extracted
from hub.object_store import ObjectStore
from marketplace.errors import Conflict
from marketplace.uploads.conversion import accept_conversion, reap
from marketplace.uploads.extraction import start_extraction
from marketplace.uploads.limits import EXTRACTION_PATIENCE
from marketplace.uploads.models import Upload
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack
from tests.factories.messages import messages_of
from tests.factories.uploads import make_upload, ready_upload

pytestmark = pytest.mark.django_db
State = Upload.State
REPORT = {
    "error": 0.18,
    "left_out": 3,
    "layers": [{"name": "unet.proj", "error": 0.2, "share": 0.9}],
    "picture_difference": 2.5,
    "picture_effect": 31.0,
}


def model(**changes: Any) -> Upload:
    return ready_upload(pack=make_pack(kind="fine_tune", rank=0), file_name="ink.safetensors", **changes)


def extracted(store: ObjectStore, upload: Upload) -> Extracted:
    """What the convert worker reports once the file and its pack are stored."""
    pack, lora = f"pack {upload.pk}".encode(), f"lora {upload.pk}".encode()
    pack_sha256, sha256 = hashlib.sha256(pack).hexdigest(), hashlib.sha256(lora).hexdigest()
    store.put(keys.pack(pack_sha256), pack, "application/octet-stream")
    store.put(keys.source(sha256), lora, "application/octet-stream")
    fields = {"pack_key": keys.pack(pack_sha256), "pack_sha256": pack_sha256, "pack_size": len(pack), "kind": "lora"}
    fields |= {"upload_id": upload.pk, "attempt": upload.attempt, "rank": 16, "modules": 1}
    return Extracted.model_validate(fields | REPORT | {"sha256": sha256, "size": len(lora)})


def test_asking_sends_one_job_however_often(django_capture_on_commit_callbacks: Any) -> None:
    upload = model()
    with django_capture_on_commit_callbacks() as callbacks:
        made, again = start_extraction(upload=upload), start_extraction(upload=upload)
    assert made == again
    assert (made.state, made.owner, made.file_name, made.extracted_from) == (
        State.CONVERTING,
        upload.owner,
        "ink-lora.safetensors",
        upload,
    )
    assert upload.pack is not None
    [(task, (job,), queue)] = messages_of(callbacks)
    base = upload.base_model
    assert (task, queue) == ("serving.extract", "convert")
    assert job == {
        "version": 1,
        "upload_id": str(made.pk),
        "attempt": 1,
        "source_key": keys.source(upload.sha256),
        "source_sha256": upload.sha256,
        "format": upload.format,
        "file_name": "",
        "engine": base.engine,
        "base_model": base.slug,
        "original": {
            "pack_sha256": upload.pack.sha256,
            "pack_key": upload.pack.key,
            "kind": "fine_tune",
            "weight": 1.0,
        },
        "prompts": ["a red apple on a table", "a house by the sea"],
        "side": base.default_side,
        "steps": base.default_steps,
        "guidance_scale": base.default_guidance,
    }


@pytest.mark.parametrize("changes", [{"state": State.REFUSED}, {"state": State.CONVERTING}])
def test_only_of_a_ready_model(changes: dict[str, Any]) -> None:
    for upload in (ready_upload(), make_upload(**changes)):
        with pytest.raises(Conflict) as refused:
            start_extraction(upload=upload)
        assert refused.value.code == "no_model"


@pytest.mark.stack
def test_its_owner_downloads_it_and_nobody_else(object_store_server: ObjectStore, client: Client) -> None:
    upload = model()
    made = start_extraction(upload=upload)
    message = extracted(object_store_server, made)
    accept_conversion(message)
    accept_conversion(message)  # a message that came twice
    made.refresh_from_db()
    assert made.pack is not None
    assert (made.state, made.pack.kind, made.pack.rank, made.size, made.sha256, made.extraction) == (
        State.READY,
        "lora",
        16,
        message.size,
        message.sha256,
        REPORT,
    )
    client.force_login(upload.owner)
    page = client.get("/studio/").content.decode()
    assert "it misses 18 % of the change" in page
    assert f"/studio/uploads/{made.pk}/publish/" in page
    answer = client.get(f"/studio/uploads/{made.pk}/file/")
    assert answer["Content-Disposition"] == 'attachment; filename="ink-lora.safetensors"'
    assert b"".join(answer.streaming_content) == f"lora {made.pk}".encode()  # type: ignore[attr-defined] # a streaming answer
    assert client.get(f"/studio/uploads/{upload.pk}/file/").status_code == 404  # their own file, not the hub's
    client.force_login(make_user())
    assert client.get(f"/studio/uploads/{made.pk}/file/").status_code == 404


@pytest.mark.stack
def test_the_same_over_the_api(object_store_server: ObjectStore, client: Client) -> None:
    upload = model()
    client.force_login(upload.owner)
    answer = client.post(f"/api/v1/uploads/{upload.pk}/lora")
    assert answer.status_code == 202
    lora = answer.json()
    assert (lora["state"], lora["extracted_from"], lora["extraction"]) == ("converting", str(upload.pk), None)
    accept_conversion(extracted(object_store_server, Upload.objects.get(pk=lora["id"])))
    assert client.get(f"/api/v1/uploads/{lora['id']}").json()["extraction"] == REPORT
    file = client.get(f"/api/v1/uploads/{lora['id']}/file")
    assert b"".join(file.streaming_content) == f"lora {lora['id']}".encode()  # type: ignore[attr-defined] # as above
    assert client.get(f"/api/v1/uploads/{upload.pk}/file").status_code == 404
    assert client.post(f"/api/v1/uploads/{lora['id']}/lora").json()["errors"][0]["code"] == "no_model"


def test_the_studio_offers_it_for_a_model_and_only_once(client: Client) -> None:
    upload = model()
    ready_upload(owner=upload.owner)
    client.force_login(upload.owner)
    address = f"/studio/uploads/{upload.pk}/lora/"
    assert client.get("/studio/").content.decode().count("/lora/") == 1
    assert client.post(address).status_code == 302
    assert address not in client.get("/studio/").content.decode()
    assert client.post(address).status_code == 302
    assert Upload.objects.filter(extracted_from=upload).count() == 1


def test_one_that_gives_no_news_is_asked_for_again_after_an_hour(django_capture_on_commit_callbacks: Any) -> None:
    made = start_extraction(upload=model())
    now = timezone.now()
    with django_capture_on_commit_callbacks() as callbacks:
        reap(now=now + EXTRACTION_PATIENCE)
        reap(now=now + EXTRACTION_PATIENCE + timedelta(minutes=2))
    made.refresh_from_db()
    assert made.attempt == 2
    assert [(task, arguments[0]["attempt"]) for task, arguments, _ in messages_of(callbacks)] == [
        ("serving.extract", 2)
    ]

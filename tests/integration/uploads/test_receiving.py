"""Files through presigned parts into a real store: what arrives, what is refused, what a second PUT can't change."""

import uuid
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from hub import keys
from hub.object_store import ObjectMissingError, ObjectStore, Part
from marketplace.errors import Conflict, InvalidInput
from marketplace.uploads.limits import MAX_FILE_BYTES, MAX_OPEN_UPLOADS, MIB, PART_BYTES
from marketplace.uploads.models import Upload
from marketplace.uploads.selectors import own_upload
from marketplace.uploads.services import abort_upload, complete_upload, part_url, start_upload
from tests.factories.accounts import make_user
from tests.factories.catalogue import tiny_sdxl_base
from tests.factories.messages import messages_of

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]


def start(content: bytes, **changes: Any) -> Upload:
    tiny_sdxl_base()
    fields: dict[str, Any] = {"file_name": "ink.safetensors", "size": len(content), "base_model": "tiny-sdxl"}
    return start_upload(owner=changes.pop("owner", None) or make_user(), **fields | changes)


def send(upload: Upload, content: bytes) -> list[Part]:
    parts = []
    for number in range(1, upload.part_count + 1):
        first = (number - 1) * upload.part_size
        answer = httpx.put(part_url(upload=upload, number=number), content=content[first : first + upload.part_size])
        answer.raise_for_status()
        parts.append(Part(number, answer.headers["ETag"]))
    return parts


def test_a_file_in_three_parts_arrives_and_is_sent_to_ingest(
    object_store_server: ObjectStore, django_capture_on_commit_callbacks: Any
) -> None:
    content = bytes(range(256)) * (2 * PART_BYTES // 256) + b"the end"
    upload = start(content)
    assert (upload.part_count, upload.part_size, upload.state) == (3, 5 * MIB, "receiving")
    parts = send(upload, content)
    with django_capture_on_commit_callbacks() as callbacks:
        complete_upload(upload=upload, parts=parts[::-1])
    assert messages_of(callbacks) == [("uploads.ingest", (str(upload.pk),), "site")]
    assert (upload.state, upload.attempt) == ("checking", 1)
    assert object_store_server.get(keys.quarantine(upload.pk)) == content


def test_completing_twice_completes_once(django_capture_on_commit_callbacks: Any) -> None:
    upload = start(b"x")
    parts = send(upload, b"x")
    stale = Upload.objects.get(pk=upload.pk)
    with django_capture_on_commit_callbacks() as callbacks:
        complete_upload(upload=upload, parts=parts)
        complete_upload(upload=upload, parts=parts)
        complete_upload(upload=stale, parts=parts)  # a request that read the row before
    assert (len(callbacks), stale.state) == (1, "checking")


def test_a_url_takes_the_parts_exact_length_and_no_other() -> None:
    upload = start(b"12345678")
    url = part_url(upload=upload, number=1)
    for body in (b"1234567", b"123456789", b""):
        assert httpx.put(url, content=body).status_code >= 400
    assert httpx.put(url, content=b"12345678").status_code == 200


def test_a_url_is_good_for_its_own_part_alone_and_for_fifteen_minutes() -> None:
    upload = start(b"x" * (PART_BYTES + 1))
    url = httpx.URL(part_url(upload=upload, number=2))
    assert int(url.params["X-Amz-Expires"]) == 900
    assert "content-length" in url.params["X-Amz-SignedHeaders"]
    other = url.copy_set_param("partNumber", "1")
    assert httpx.put(other, content=b"x").status_code == 403


def test_a_put_after_completion_changes_nothing(object_store_server: ObjectStore) -> None:
    upload = start(b"honest!!")
    url = part_url(upload=upload, number=1)
    etag = httpx.put(url, content=b"honest!!").headers["ETag"]
    complete_upload(upload=upload, parts=[Part(1, etag)])
    assert httpx.put(url, content=b"hostile!").status_code >= 400
    assert object_store_server.get(keys.quarantine(upload.pk)) == b"honest!!"


@pytest.mark.parametrize(
    "numbers", [[], [1], [1, 1], [1, 2, 3], [2, 3], [0, 1]], ids=["none", "one", "twice", "more", "shifted", "zero"]
)
def test_missing_or_surplus_parts_are_refused_and_can_be_sent_again(numbers: list[int]) -> None:
    content = b"x" * (PART_BYTES + 1)
    upload = start(content)
    parts = send(upload, content)
    with pytest.raises(InvalidInput) as refused:
        complete_upload(upload=upload, parts=[Part(number, "etag") for number in numbers])
    assert (refused.value.code, refused.value.field) == ("parts_missing", "parts")
    complete_upload(upload=upload, parts=parts)
    assert upload.state == "checking"


def test_an_etag_the_store_never_gave_is_refused() -> None:
    upload = start(b"x")
    parts = send(upload, b"x")
    with pytest.raises(InvalidInput) as refused:
        complete_upload(upload=upload, parts=[Part(1, '"0123456789abcdef0123456789abcdef"')])
    assert (refused.value.code, upload.state) == ("parts_mismatch", "receiving")
    complete_upload(upload=upload, parts=parts)
    assert upload.state == "checking"


def test_completing_what_was_never_sent_is_refused() -> None:
    upload = start(b"x")
    with pytest.raises(InvalidInput) as refused:
        complete_upload(upload=upload, parts=[Part(1, "x")])
    assert refused.value.code == "parts_mismatch"


def test_a_file_of_another_size_is_refused(object_store_server: ObjectStore) -> None:
    upload = start(b"12345678")
    # A store that does not enforce the signed length would let this through.
    etag = object_store_server.client.upload_part(
        Bucket=object_store_server.bucket,
        Key=keys.quarantine(upload.pk),
        UploadId=upload.store_upload_id,
        PartNumber=1,
        Body=b"123",
    )["ETag"]
    complete_upload(upload=upload, parts=[Part(1, etag)])
    assert (upload.state, upload.refusal_code) == ("refused", "size_mismatch")


def test_cancelling_frees_what_had_arrived(object_store_server: ObjectStore) -> None:
    upload = start(b"x")
    url = part_url(upload=upload, number=1)
    httpx.put(url, content=b"x")
    abort_upload(upload=upload)
    abort_upload(upload=upload)
    assert upload.state == "aborted"
    assert httpx.put(url, content=b"x").status_code >= 400
    with pytest.raises(ObjectMissingError):
        object_store_server.get(keys.quarantine(upload.pk))
    for late in (lambda: part_url(upload=upload, number=1), lambda: complete_upload(upload=upload, parts=[])):
        with pytest.raises(Conflict):
            late()


def test_what_has_arrived_can_not_be_cancelled() -> None:
    upload = start(b"x")
    complete_upload(upload=upload, parts=send(upload, b"x"))
    with pytest.raises(Conflict):
        abort_upload(upload=upload)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"size": 0}, "bad_size", "size"),
        ({"size": -1}, "bad_size", "size"),
        ({"size": MAX_FILE_BYTES + 1}, "bad_size", "size"),
        ({"size": 10**30}, "bad_size", "size"),
        ({"file_name": ""}, "bad_file_name", "file_name"),
        ({"file_name": "a\nb"}, "bad_file_name", "file_name"),
        ({"file_name": "n" * 201}, "bad_file_name", "file_name"),
        ({"base_model": "no-such-base"}, "unknown_base_model", "base_model"),
    ],
)
def test_a_bad_announcement_is_refused_and_leaves_nothing(changes: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        start(b"x", **changes)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not Upload.objects.exists()


def test_a_file_name_is_never_part_of_a_key() -> None:
    upload = start(b"x", file_name="../../etc/passwd")
    assert httpx.URL(part_url(upload=upload, number=1)).path.endswith(f"/quarantine/{upload.pk}")


def test_nobody_has_more_than_a_few_uploads_under_way() -> None:
    owner = make_user()
    uploads = [start(b"x", owner=owner) for _ in range(MAX_OPEN_UPLOADS)]
    with pytest.raises(Conflict) as refused:
        start(b"x", owner=owner)
    assert refused.value.code == "too_many_uploads"
    abort_upload(upload=uploads[0])
    assert start(b"x", owner=owner).state == "receiving"
    assert start(b"x").state == "receiving"  # someone else's quota is their own


def test_the_whole_way_over_rest() -> None:
    tiny_sdxl_base()
    client, owner = Client(), make_user()
    client.force_login(owner)

    def post(path: str, body: object) -> Any:
        return client.post(f"/api/v1/{path}", body, content_type="application/json")

    started = post("uploads", {"file_name": "ink.safetensors", "size": 4, "base_model": "tiny-sdxl"})
    upload = started.json()
    assert (started.status_code, upload["part_size"], upload["part_count"]) == (201, PART_BYTES, 1)
    url = post(f"uploads/{upload['id']}/parts/1", {}).json()["url"]
    etag = httpx.put(url, content=b"abcd").headers["ETag"]
    done = post(f"uploads/{upload['id']}/complete", {"parts": [{"number": 1, "etag": etag}]})
    row = own_upload(owner, uuid.UUID(upload["id"]))
    assert (done.status_code, done.json()) == (
        200,
        {
            "id": upload["id"],
            "file_name": "ink.safetensors",
            "base_model": "tiny-sdxl",
            "size": 4,
            "part_size": PART_BYTES,
            "part_count": 1,
            "state": "checking",
            "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
            "sha256": "",
            "format": "",
            "kind": None,
            "metadata": None,
            "refusal": None,
            "extracted_from": None,
            "extraction": None,
        },
    )
    assert row.sent_at is not None
    assert row.sent_at <= timezone.now()
    assert post(f"uploads/{upload['id']}/parts/2", {}).status_code == 409
    assert client.delete(f"/api/v1/uploads/{upload['id']}").status_code == 409
    assert [item["id"] for item in client.get("/api/v1/uploads").json()["results"]] == [upload["id"]]

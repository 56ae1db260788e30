"""A worker fetches what a job starts from, or says why it can't."""

import hashlib
from typing import Any, cast

import pytest

from hub.object_store import ObjectMissingError, ObjectStore
from hub.plugin_api import JobRefusedError, LocalJob
from serving.pictures import MAX_BYTES, with_pictures
from tests.serving_jobs import job


class Shelf:
    """An object store in memory, with the two methods that are asked for."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects

    def size(self, key: str) -> int:
        return len(self.get(key))

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise ObjectMissingError(key)
        return self.objects[key]


def store(**objects: bytes) -> ObjectStore:
    return cast("ObjectStore", Shelf(**objects))


def source(**changes: Any) -> dict[str, Any]:
    return {"picture_key": "a", "picture_sha256": hashlib.sha256(b"picture").hexdigest(), "strength": 0.5} | changes


def test_a_job_without_a_source_is_left_alone() -> None:
    wanted = job()
    assert with_pictures(wanted, store()) is wanted


def test_an_engine_gets_the_bytes() -> None:
    mask = {"mask_key": "b", "mask_sha256": hashlib.sha256(b"mask").hexdigest()}
    for changes, content in (({}, b""), (mask, b"mask")):
        wanted = job(source=source(**changes))
        fetched = with_pictures(wanted, store(a=b"picture", b=b"mask"))
        assert isinstance(fetched, LocalJob)
        assert (fetched.picture, fetched.mask, fetched.id, fetched.source) == (
            b"picture",
            content,
            wanted.id,
            wanted.source,
        )


@pytest.mark.parametrize(
    ("objects", "code"), [({"a": b"another"}, "picture_changed"), ({"a": bytes(MAX_BYTES + 1)}, "picture_too_large")]
)
def test_other_bytes_are_refused(objects: dict[str, bytes], code: str) -> None:
    with pytest.raises(JobRefusedError) as refused:
        with_pictures(job(source=source()), store(**objects))
    assert refused.value.code == code


def test_a_missing_picture_is_the_stores_error() -> None:
    with pytest.raises(ObjectMissingError):
        with_pictures(job(source=source()), store())

"""A program sends a picture and orders one that starts from it."""

import hashlib
import io
from typing import Any

import pytest
from PIL import Image

from hub import keys
from hub.jobs import GenerateJob
from hub.object_store import object_store
from marketplace.generation.dispatch import job_of
from marketplace.generation.models import Generation
from tests.factories.catalogue import tiny_sdxl_base
from tests.factories.ledger import make_buyer
from tests.integration.generation.test_api import ROOT, body, client_of, error_of

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]


def file_of(size: tuple[int, int] = (8, 8), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind)
    return file.getvalue()


def ordered(**changes: Any) -> dict[str, Any]:
    tiny_sdxl_base()
    return body(base_model="tiny-sdxl", **changes)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_stored_under_its_owner_and_hash(kind: str) -> None:
    buyer, content = make_buyer(), file_of(kind=kind)
    answer = client_of(buyer).post(f"{ROOT}/pictures", content, content_type=f"image/{kind.lower()}")
    sha256 = hashlib.sha256(content).hexdigest()
    assert (answer.status_code, answer.json()) == (201, {"sha256": sha256})
    assert object_store().get(keys.picture(buyer.pk, sha256)) == content


def test_an_order_from_a_picture_sends_a_job_that_names_it() -> None:
    buyer = make_buyer()
    client = client_of(buyer)
    picture, mask = (
        client.post(f"{ROOT}/pictures", file_of(size), content_type="image/png").json()["sha256"]
        for size in ((8, 8), (9, 9))
    )
    answer = client.post(f"{ROOT}/generations", ordered(picture=picture, mask=mask, strength=0.5), "json")
    assert answer.status_code == 201
    job = job_of(Generation.objects.get())
    assert job.source
    assert job.source.model_dump() == {
        "picture_key": keys.picture(buyer.pk, picture),
        "picture_sha256": picture,
        "strength": 0.5,
        "mask_key": keys.picture(buyer.pk, mask),
        "mask_sha256": mask,
    }
    assert GenerateJob.model_validate(job.model_dump(mode="json")) == job


@pytest.mark.parametrize(
    ("content", "media_type", "error"),
    [
        (b"text", "image/png", (400, [("not_a_picture", None)])),
        (file_of(kind="BMP"), "image/bmp", (400, [("not_a_picture", None)])),
        (file_of((4097, 1)), "image/png", (400, [("picture_too_large", None)])),
        (bytes(16 * 2**20 + 1), "image/png", (400, [("picture_too_large", None)])),
        (file_of(), "application/x-tar", (415, [("unsupported_media_type", None)])),
    ],
    ids=["text", "bitmap", "too wide", "too many bytes", "another kind"],
)
def test_what_is_no_picture_is_refused(content: bytes, media_type: str, error: tuple[int, Any]) -> None:
    assert error_of(client_of(make_buyer()).post(f"{ROOT}/pictures", content, content_type=media_type)) == error


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"picture": "0" * 64}, ("unknown_picture", "picture")),
        ({"picture": "../other"}, ("unknown_picture", "picture")),
        ({"mask": "0" * 64}, ("picture_missing", "picture")),
        ({"strength": 0.5}, ("picture_missing", "picture")),
        ({"picture": "0" * 64, "strength": 1.5}, ("out_of_range", "strength")),
        ({"picture": "0" * 64, "strength": 0.1}, ("strength_too_low", "strength")),
        ({"picture": "0" * 64, "base_model": "echo"}, ("no_pictures", "picture")),
    ],
)
def test_bad_orders_name_the_field(changes: dict[str, Any], error: tuple[str, str]) -> None:
    answer = client_of(make_buyer()).post(f"{ROOT}/generations", ordered() | changes, "json")
    assert error_of(answer) == (400, [error])
    assert not Generation.objects.exists()


def test_another_persons_picture_is_unknown() -> None:
    sha256 = client_of(make_buyer()).post(f"{ROOT}/pictures", file_of(), content_type="image/png").json()["sha256"]
    answer = client_of(make_buyer()).post(f"{ROOT}/generations", ordered(picture=sha256), "json")
    assert error_of(answer) == (400, [("unknown_picture", "picture")])

"""The order form's pictures, as a browser without JavaScript sends them."""

import hashlib
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from hub import keys
from hub.object_store import object_store
from marketplace.generation.models import Generation
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_version, tiny_sdxl_base
from tests.factories.generation import buyer_of, order
from tests.factories.ledger import give_credit, make_buyer
from tests.integration.generation.test_api import ROOT, client_of, error_of
from tests.unit.pages.clients import signed_in
from tests.unit.pages.test_ordering import form

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]


def png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


PICTURE, MASK = png("red"), png("white")
PICTURE_SHA, MASK_SHA = (hashlib.sha256(content).hexdigest() for content in (PICTURE, MASK))


def file(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("any name.png", content, "image/png")


def sent(**changes: Any) -> dict[str, Any]:
    tiny_sdxl_base()
    return form(None, **changes)


def delivered(made: Generation) -> Generation:
    key = keys.output(made.pk, 1)
    object_store().put(key, PICTURE, "image/png")
    fields = {"state": "succeeded", "image_key": key, "image_sha256": PICTURE_SHA, "image_media_type": "image/png"}
    Generation.objects.filter(pk=made.pk).update(**fields)
    return made


def started_from(made: Generation) -> tuple[str, str, float | None]:
    return made.picture_sha256, made.mask_sha256, made.strength


def test_an_order_with_files_starts_from_them() -> None:
    buyer = make_buyer()
    signed_in(buyer).post("/create/", sent(picture=file(PICTURE), mask=file(MASK), strength="0.3"))
    assert started_from(Generation.objects.get()) == (PICTURE_SHA, MASK_SHA, 0.3)
    assert object_store().get(keys.picture(buyer.pk, PICTURE_SHA)) == PICTURE


def test_without_a_picture_the_strength_says_nothing() -> None:
    signed_in(make_buyer()).post("/create/", sent(strength="0.3"))
    assert started_from(Generation.objects.get()) == ("", "", None)


def test_what_was_sent_is_kept_when_something_else_is_wrong() -> None:
    client = signed_in(make_buyer())
    answer = client.post("/create/", sent(prompt="", picture=file(PICTURE), mask=file(MASK)))
    page = answer.content.decode()
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["prompt"])
    kept = {"kept_picture": PICTURE_SHA, "kept_mask": MASK_SHA}
    assert [f'name="{name}" value="{sha}"' in page for name, sha in kept.items()] == [True, True]
    shown = client.get(f"/pictures/{PICTURE_SHA}/")
    assert (shown.getvalue(), shown["Content-Type"]) == (PICTURE, "image/png")
    client.post("/create/", sent(**kept, strength="0.5"))
    assert started_from(Generation.objects.get()) == (PICTURE_SHA, MASK_SHA, 0.5)


def test_an_image_of_ones_own_is_started_from_and_anothers_does_not_exist() -> None:
    made = delivered(order(prompt="a red square"))
    tiny_sdxl_base()
    client, stranger = signed_in(buyer_of(made)), signed_in(make_buyer())
    pages = [each.get(f"/create/?base=tiny-sdxl&picture={made.pk}").content.decode() for each in (client, stranger)]
    assert [f'name="picture_of" value="{made.pk}"' in page for page in pages] == [True, False]
    refused = stranger.post("/create/", sent(picture_of=str(made.pk)))
    assert (refused.status_code, Generation.objects.count()) == (404, 1)
    client.post("/create/", sent(picture_of=str(made.pk)))
    again = Generation.objects.exclude(pk=made.pk).get()
    assert started_from(again) == (PICTURE_SHA, "", 0.6)


def test_what_a_creator_rules_out_as_a_models_input_is_started_from_by_nobody_else() -> None:
    creator = give_credit(make_user(), 100)
    ruled_out = make_version(creator=creator, opt_outs=("data_mining", "ai_inference"), may_be_merged=True)
    for buyer, refused in ((make_buyer(), True), (creator, False)):
        made = delivered(order(buyer, make_version(may_be_merged=True), ruled_out, base_model="tiny-sdxl"))
        page = signed_in(buyer).get(f"/generations/{made.pk}/").content.decode()
        assert (f"picture={made.pk}" in page) == (not refused)
        by_page = signed_in(buyer).post("/create/", sent(picture_of=str(made.pk)))
        by_program = client_of(buyer).post(f"{ROOT}/generations/{made.pk}/picture")
        assert (by_page.status_code, by_program.status_code) == ((403, 403) if refused else (302, 201))
        if refused:
            assert error_of(by_program) == (403, [("input_not_licensed", "picture")])
            assert f"The creator of “{ruled_out.style.title}” rules out" in by_page.content.decode()
            assert not Generation.objects.exclude(pk=made.pk).exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"picture": file(b"text")}, "picture"),
        ({"picture": file(PICTURE), "mask": file(b"text")}, "mask"),
        ({"picture": file(bytes(16 * 2**20 + 1))}, "picture"),
        ({"mask": file(MASK)}, "picture"),
        ({"kept_picture": "0" * 64}, "picture"),
        ({"kept_picture": "../../1"}, "picture"),
        ({"picture": file(PICTURE), "strength": "2"}, "strength"),
    ],
    ids=["text", "mask of text", "too large", "mask alone", "unknown", "path", "strength"],
)
def test_what_can_not_be_started_from_is_explained_beside_its_field(changes: dict[str, Any], field: str) -> None:
    answer = signed_in(make_buyer()).post("/create/", sent(**changes))
    assert (answer.status_code, list(answer.context["form"].errors), Generation.objects.count()) == (400, [field], 0)


@pytest.mark.parametrize("sha256", [PICTURE_SHA, "0" * 64, "abc"])
def test_a_picture_is_shown_to_who_sent_it_alone(sha256: str) -> None:
    object_store().put(keys.picture(make_buyer().pk, PICTURE_SHA), PICTURE, "image/png")
    assert signed_in(make_user()).get(f"/pictures/{sha256}/").status_code == 404

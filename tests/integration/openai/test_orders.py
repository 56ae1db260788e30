"""Requests that are fulfilled, up to the answer; the store is real, the worker's part is played here."""

import asyncio
import base64
import io
import json
import time
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from unittest.mock import ANY
from uuid import uuid4

import pytest
import time_machine
from django.core.cache import caches
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone
from PIL import Image, ImageChops, ImageStat
from pytest_django import Settings

from hub import keys
from hub.object_store import object_store
from hub.settings.site import SiteConfig
from hub.web.handler import SiteHandler
from marketplace.accounts.models import User
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.generation.watching import watcher
from marketplace.ledger.selectors import held_balance, sum_of_all_entries, wallet_balance
from marketplace.openai import streaming, views
from marketplace.watching import MOST_WAITING
from tests.factories.asgi import asked, token_of
from tests.factories.catalogue import make_pack, make_version
from tests.factories.generation import failed, heartbeat, started, stored
from tests.factories.ledger import CREDIT, make_buyer
from tests.factories.stability import PROMPT, drawing_base, file, picture_base, png, program_of
from tests.played_worker import worker

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.stack,
    pytest.mark.usefixtures("object_store_server"),
]
ECHO_PRICE = 100


def picture_of(generation: Generation) -> bytes:
    """Another one for each seed."""
    return png((generation.width, generation.height), colour=(generation.seed % 256, 0, 255))


def delivers(generation: Generation) -> None:
    services.succeeded(stored(generation, picture_of(generation), media_type="image/png"))


def draw(buyer: User, **changes: Any) -> Any:
    return program_of(buyer).post("/v1/images/generations", {"prompt": PROMPT, "seed": 7} | changes, "application/json")


def send(buyer: User, **changes: Any) -> Any:
    form = {"prompt": PROMPT, "seed": "7", "image": file(png(colour="green"))} | changes
    return program_of(buyer).post("/v1/images/edits", form)


def drawn() -> list[Generation]:
    return list(Generation.objects.order_by("seed"))


def bytes_in(item: dict[str, Any]) -> bytes:
    return base64.b64decode(item["b64_json"])


def test_a_style_adds_to_a_prompt_of_any_length() -> None:
    drawing_base()
    with worker(delivers):
        answer = draw(make_buyer(), prompt="a" * 2000, style="vivid")
    assert answer.status_code == 200, answer.content
    assert len(Generation.objects.get().prompt) > 2000


def test_the_whole_answer() -> None:
    drawing_base()
    buyer = make_buyer(1)
    with worker(delivers):
        answer = draw(buyer, n=3, safety_identifier="", user="someone", quality="high", prompt="a fox é")
    made = drawn()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == {
        "created": ANY,
        "data": [
            {"id": str(each.pk), "seed": each.seed, "b64_json": base64.b64encode(picture_of(each)).decode()}
            for each in made
        ],
        "background": "opaque",
        "output_format": "png",
        "quality": "high",
        "size": "128x128",
        "safety_identifier": "someone",
        "usage": {
            "input_tokens": 2,
            "input_tokens_details": {"text_tokens": 2, "image_tokens": 0},
            "output_tokens": 192,
            "output_tokens_details": {"text_tokens": 0, "image_tokens": 192},
            "total_tokens": 194,
        },
        "cost_micro": 3 * ECHO_PRICE,
    }
    assert abs(answer.json()["created"] - timezone.now().timestamp()) < 60
    assert [each.seed for each in made] == [7, 8, 9]
    assert (wallet_balance(buyer), held_balance(buyer)) == (CREDIT - 3 * ECHO_PRICE, 0)


def test_without_a_seed_each_request_gets_its_own() -> None:
    drawing_base()
    with worker(delivers):
        seeds = {draw(make_buyer(), seed=None).json()["data"][0]["seed"] for _ in range(3)}
    assert len(seeds) == 3


@pytest.mark.parametrize(("file_format", "kind"), [("jpeg", "JPEG"), ("webp", "WEBP")])
def test_other_formats_hold_the_same_picture(file_format: str, kind: str) -> None:
    written = io.BytesIO()
    Image.effect_noise((128, 128), 50).save(written, "PNG")

    def work(generation: Generation) -> None:
        services.succeeded(stored(generation, written.getvalue(), media_type="image/png"))

    drawing_base()
    with worker(work):
        best, worst = (
            bytes_in(draw(make_buyer(), output_format=file_format, output_compression=compression).json()["data"][0])
            for compression in (None, 0)
        )
    image = Image.open(io.BytesIO(best))
    assert (image.format, image.size, len(worst) < len(best) / 2) == (kind, (128, 128), True)
    off = ImageStat.Stat(ImageChops.difference(image.convert("L"), Image.open(written))).mean[0]
    assert off < 5


@pytest.mark.parametrize(
    ("file_format", "media_type"), [("png", "image/png"), ("jpeg", "image/jpeg"), ("webp", "image/webp")]
)
def test_an_address_needs_no_key_for_an_hour(file_format: str, media_type: str) -> None:
    drawing_base()
    with worker(delivers):
        [item] = draw(make_buyer(), response_format="url", output_format=file_format).json()["data"]
    assert set(item) == {"id", "seed", "url"}
    path = item["url"].removeprefix("http://testserver")
    answer = Client().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, media_type)
    assert Image.open(io.BytesIO(answer.content)).size == (128, 128)
    assert (answer.content == picture_of(drawn()[0])) == (file_format == "png")
    assert path.endswith(f"/image.{file_format}")
    # Anything else than what was signed is none of ours.
    assert Client().get(path.replace("/files/", "/files/x")).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(seconds=3601), tick=True):
        assert Client().get(path).status_code == 403


def test_what_may_not_train_says_so_at_its_address() -> None:
    version = make_version(pack=make_pack(base_model=drawing_base()), outputs_may_train=False)
    with worker(delivers):
        answer = draw(make_buyer(), model=f"drawer.{version.style.slug}.v1", response_format="url")
    [item] = answer.json()["data"]
    shown = Client().get(item["url"].removeprefix("http://testserver"))
    assert (shown["X-Robots-Tag"], shown["tdm-reservation"]) == ("noai, noimageai", "1")


def test_a_version_draws_in_its_style_a_mix_adds_others_and_the_words_added_are_said() -> None:
    one, other = (
        make_version(pack=make_pack(base_model=drawing_base()), may_be_merged=True, price_micro=price)
        for price in (10_000, 20_000)
    )
    mix = [{"id": f"drawer.{other.style.slug}.v1", "weight": -0.5}]
    buyer = make_buyer(10)
    with worker(delivers):
        answer = draw(buyer, model=f"drawer.{one.style.slug}.v1", adapters=mix, style="natural").json()
    [made] = drawn()
    assert list(made.adapters.order_by("pk").values_list("version_id", "weight")) == [(one.pk, 1.0), (other.pk, -0.5)]
    assert answer["data"][0]["revised_prompt"] == made.prompt == f"{PROMPT}, natural colours, soft light"
    assert answer["cost_micro"] == 30_000 + ECHO_PRICE
    assert wallet_balance(buyer) == 10 * CREDIT - 30_000 - ECHO_PRICE


def test_what_is_not_delivered_is_left_out_and_not_paid() -> None:
    def work(generation: Generation) -> None:
        if generation.seed == 8:
            services.failed(failed(generation, code="engine_error", retryable=False))
        else:
            delivers(generation)

    drawing_base()
    buyer = make_buyer(1)
    with worker(work):
        answer = draw(buyer, n=3).json()
    assert [each["seed"] for each in answer["data"]] == [7, 9]
    assert (answer["usage"]["output_tokens"], answer["cost_micro"]) == (128, 2 * ECHO_PRICE)
    assert (wallet_balance(buyer), held_balance(buyer)) == (CREDIT - 2 * ECHO_PRICE, 0)


FAILURES = [("engine_error", (500, "server_error")), ("prompt_weight", (400, "invalid_value"))]


def fails(code: str) -> Any:
    return lambda generation: services.failed(failed(generation, code=code, message="Change it.", retryable=False))


@pytest.mark.parametrize(("code", "error"), FAILURES)
def test_a_failure_of_all_is_an_error_and_costs_nothing(code: str, error: tuple[int, str]) -> None:
    drawing_base()
    buyer = make_buyer(1)
    with worker(fails(code)):
        answer = draw(buyer, n=2)
    said = answer.json()["error"]
    assert (answer.status_code, said["code"], said["message"]) == (*error, "Change it.")
    assert (wallet_balance(buyer), held_balance(buyer)) == (CREDIT, 0)


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (views, streaming):
        monkeypatch.setattr(module, "site_config", lambda: SiteConfig(stability_wait_seconds=0.2))


def test_what_takes_too_long_is_cancelled_and_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    drawing_base()
    buyer = make_buyer(1)
    answer = draw(buyer, n=2)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "server_error")
    assert {each.state for each in drawn()} == {Generation.State.CANCELLED}
    assert (wallet_balance(buyer), held_balance(buyer), sum_of_all_entries()) == (CREDIT, 0, 0)


@pytest.mark.parametrize("streamed", [False, True])
def test_where_all_places_are_taken_nothing_is_ordered(streamed: bool) -> None:
    drawing_base()
    with ExitStack() as places:
        for _ in range(MOST_WAITING):
            places.enter_context(watcher.told([uuid4()], lambda _sight: None))
        answer = draw(make_buyer(), stream=streamed)
    told = (answer.status_code, answer.json()["error"]["code"], answer["Retry-After"])
    assert (told, Generation.objects.exists()) == ((429, "rate_limit_exceeded", "1"), False)


def test_a_picture_to_start_from_and_its_mask_are_stored_and_named() -> None:
    picture_base()
    buyer, start, mask = make_buyer(), png(colour="blue"), Image.new("RGBA", (128, 128), (9, 9, 9, 255))
    mask.paste((9, 9, 9, 0), (0, 0, 64, 128))
    written = io.BytesIO()
    mask.save(written, "PNG")
    with worker(delivers):
        answer = send(buyer, image=file(start), mask=file(written.getvalue()), input_fidelity="high")
    assert answer.status_code == 200
    assert answer.json()["usage"]["input_tokens_details"] == {"text_tokens": 5, "image_tokens": 64}
    [made] = drawn()
    assert (made.width, made.height, made.strength, made.seed) == (128, 128, 0.75, 7)
    assert object_store().get(keys.picture(buyer.pk, made.picture_sha256)) == start
    anew = Image.open(io.BytesIO(object_store().get(keys.picture(buyer.pk, made.mask_sha256))))
    assert (anew.size, anew.getpixel((0, 0)), anew.getpixel((127, 0))) == ((128, 128), 255, 0)


def jpeg(colour: str) -> str:
    written = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(written, "JPEG")
    return base64.b64encode(written.getvalue()).decode()


@pytest.fixture
def _previews_in_memory(settings: Settings) -> None:
    settings.CACHES = {
        **settings.CACHES,
        "previews": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "previews"},
    }
    caches["previews"].clear()


def events_of(buyer: User, path: str, body: bytes, content_type: str) -> list[tuple[str, dict[str, Any]]]:
    """The site spoken to as its server does."""
    headers = {**token_of(buyer), "content-type": content_type}

    async def read() -> str:
        async with asked(SiteHandler(2), path, headers, method="POST", body=body) as answer:
            await answer.head()
            assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
            return await answer.text()

    blocks = [block.split("\n") for block in asyncio.run(read()).split("\n\n") if block]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def stream(buyer: User, **changes: Any) -> list[tuple[str, dict[str, Any]]]:
    body = {"prompt": PROMPT, "seed": 7, "stream": True} | changes
    return events_of(buyer, "/v1/images/generations", json.dumps(body).encode(), "application/json")


@pytest.mark.usefixtures("_previews_in_memory")
@pytest.mark.parametrize(("partial_images", "expected"), [(0, 0), (None, 0), (1, 1), (3, 2)])
def test_partial_images_come_while_it_is_drawn_and_the_picture_at_the_end(
    partial_images: int | None, expected: int
) -> None:
    """Of three that are wanted two come, where the worker shows two previews."""

    def work(generation: Generation) -> None:
        services.started(started(generation))
        for step, colour in ((12, "red"), (18, "blue")):
            services.heartbeat(heartbeat(generation, step, preview=jpeg(colour)))
            time.sleep(0.4)  # longer than a stream takes from one look to the next
        delivers(generation)

    drawing_base()
    buyer = make_buyer(1)
    with worker(work):
        events = stream(buyer, partial_images=partial_images, output_format="webp")
    [made] = drawn()
    *partial, (name, completed) = events
    common = {
        "background": "opaque",
        "created_at": ANY,
        "output_format": "webp",
        "quality": "medium",
        "size": "128x128",
    }
    assert [(kind, data | {"b64_json": ""}) for kind, data in partial] == [
        (
            "image_generation.partial_image",
            {"type": "image_generation.partial_image", "b64_json": "", "partial_image_index": place, **common},
        )
        for place in range(expected)
    ]
    assert (name, completed | {"b64_json": ""}) == (
        "image_generation.completed",
        {
            "type": "image_generation.completed",
            "b64_json": "",
            **common,
            "usage": ANY,
            "id": str(made.pk),
            "seed": 7,
            "cost_micro": ECHO_PRICE,
        },
    )
    assert completed["usage"]["total_tokens"] == 69
    images = [Image.open(io.BytesIO(bytes_in(data))) for _, data in events]
    assert {(image.format, image.size) for image in images} == {("WEBP", (128, 128))}
    assert (wallet_balance(buyer), held_balance(buyer)) == (CREDIT - ECHO_PRICE, 0)


def test_an_edit_is_streamed_by_its_own_names() -> None:
    picture_base()
    with worker(delivers):
        form = encode_multipart(BOUNDARY, {"prompt": PROMPT, "stream": "true", "image": file(png())})
        [(name, completed)] = events_of(make_buyer(), "/v1/images/edits", form, MULTIPART_CONTENT)
    assert (name, completed["type"]) == ("image_edit.completed", "image_edit.completed")
    assert bytes_in(completed) == picture_of(drawn()[0])


@pytest.mark.parametrize(("code", "error"), FAILURES)
def test_what_fails_once_the_answer_has_begun_is_an_event_and_costs_nothing(code: str, error: tuple[int, str]) -> None:
    drawing_base()
    buyer = make_buyer(1)
    with worker(fails(code)):
        [(name, data)] = stream(buyer)
    assert (name, data["type"], data["error"]["code"], data["error"]["message"]) == (
        *("error", "error", error[1]),
        "Change it.",
    )
    assert (wallet_balance(buyer), held_balance(buyer)) == (CREDIT, 0)


def test_a_stream_that_takes_too_long_ends_with_an_error_and_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    drawing_base()
    buyer = make_buyer(1)
    [(name, data)] = stream(buyer)
    assert (name, data["error"]["code"]) == ("error", "server_error")
    assert (wallet_balance(buyer), held_balance(buyer), sum_of_all_entries()) == (CREDIT, 0, 0)

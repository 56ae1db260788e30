"""Requests that are fulfilled, up to the answer; the store is real, the worker's part is played here."""

import io
from base64 import b64decode
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from PIL import Image

from hub import keys
from hub.object_store import object_store
from hub.settings.site import SiteConfig
from marketplace.accounts.models import User
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.generation.watching import watcher
from marketplace.ledger.selectors import held_balance, sum_of_all_entries, wallet_balance
from marketplace.stability import views
from marketplace.watching import MOST_WAITING
from tests.factories.catalogue import make_pack, make_version
from tests.factories.generation import failed
from tests.factories.ledger import CREDIT, make_buyer
from tests.factories.stability import PROMPT, drawing_base, file, picture_base, png, program_of, upscaler
from tests.played_worker import delivers, worker

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.stack,
    pytest.mark.usefixtures("object_store_server"),
]
ECHO_PRICE = 100


def draw(buyer: User, engine: str = "drawer", accept: str = "", **changes: Any) -> Any:
    body = {"text_prompts": [{"text": PROMPT}], "seed": 7} | changes
    headers = {"accept": accept} if accept else {}
    address = f"/v1/generation/{engine}/text-to-image"
    return program_of(buyer).post(address, body, "application/json", headers=headers)


def send(buyer: User, what: str, engine: str = "small", **changes: Any) -> Any:
    form = {"text_prompts[0][text]": PROMPT, "init_image": file(png()), "seed": "7"} | changes
    return program_of(buyer).post(f"/v1/generation/{engine}/{what}", form)


def test_pictures_come_as_artifacts_with_the_seeds_that_follow_and_each_is_paid() -> None:
    drawing_base()
    buyer = make_buyer(1)
    with worker():
        answer = draw(buyer, samples=3, seed=2**32 - 2)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    made = [(b64decode(each["base64"]), each["seed"], each["finishReason"]) for each in answer.json()["artifacts"]]
    assert made == [(PROMPT.encode(), seed, "SUCCESS") for seed in (2**32 - 2, 2**32 - 1, 1)]
    assert (wallet_balance(buyer), held_balance(buyer)) == (CREDIT - 3 * ECHO_PRICE, 0)


def test_each_text_may_have_2000_characters_whatever_is_made_of_them() -> None:
    drawing_base()
    longest = [
        {"text": letter * 2000, "weight": weight} for letter, weight in (("a", 1), ("b", 1), ("c", -1), ("d", -1))
    ]
    with worker():
        answer = draw(make_buyer(), text_prompts=longest, style_preset="enhance")
    assert answer.status_code == 200, answer.content
    made = Generation.objects.get()
    assert made.prompt.startswith(f"{'a' * 2000}, {'b' * 2000}, highly detailed")
    assert made.negative_prompt == f"{'c' * 2000}, {'d' * 2000}, blurry, low quality"


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/json, image/png;q=0.5"])
def test_json_is_the_answer_unless_a_picture_is_wanted(accept: str) -> None:
    drawing_base()
    with worker():
        assert list(draw(make_buyer(), accept=accept).json()) == ["artifacts"]


@pytest.mark.parametrize("accept", ["image/png", "image/*", "image/png, application/json;q=0.5"])
def test_the_bytes_come_with_the_apis_headers(accept: str) -> None:
    drawing_base()
    with worker():
        answer = draw(make_buyer(), accept=accept)
    assert (answer.status_code, answer.content) == (200, PROMPT.encode())
    expected = {
        "Finish-Reason": "SUCCESS",
        "Seed": "7",
        "Content-Length": str(len(PROMPT)),
        "Content-Type": "text/plain",
    }
    assert {name: answer[name] for name in expected} == expected


@pytest.mark.parametrize("seed", [0, None])
def test_a_seed_of_zero_is_a_random_one(seed: int | None) -> None:
    drawing_base()
    with worker():
        seeds = {draw(make_buyer(), seed=seed).json()["artifacts"][0]["seed"] for _ in range(3)}
    assert len(seeds) == 3
    assert 0 not in seeds


def test_a_version_draws_in_its_style_and_a_mix_adds_others() -> None:
    one, other = (
        make_version(pack=make_pack(base_model=drawing_base()), may_be_merged=True, price_micro=price)
        for price in (10_000, 20_000)
    )
    extras = {"adapters": [{"id": f"drawer.{other.style.slug}.v1", "weight": -0.5}], "more": [1]}
    buyer = make_buyer(10)
    with worker():
        answer = draw(buyer, f"drawer.{one.style.slug}.v1", extras=extras)
    assert answer.status_code == 200
    uses = Generation.objects.get().adapters.order_by("pk").values_list("version_id", "weight")
    assert list(uses) == [(one.pk, 1.0), (other.pk, -0.5)]
    assert wallet_balance(buyer) == 10 * CREDIT - 30_000 - ECHO_PRICE


def test_what_is_not_delivered_is_not_paid() -> None:
    """Two of three: the third is said to be an error."""

    def work(generation: Generation) -> None:
        if generation.seed == 8:
            services.failed(failed(generation, code="engine_error", retryable=False))
        else:
            delivers(generation)

    drawing_base()
    buyer = make_buyer(1)
    with worker(work):
        answer = draw(buyer, samples=3)
    made = [(each["seed"], each["finishReason"], bool(each["base64"])) for each in answer.json()["artifacts"]]
    assert made == [(7, "SUCCESS", True), (8, "ERROR", False), (9, "SUCCESS", True)]
    assert (wallet_balance(buyer), held_balance(buyer)) == (CREDIT - 2 * ECHO_PRICE, 0)


@pytest.mark.parametrize(
    ("code", "error"),
    [("engine_error", (500, "server_error")), ("prompt_weight", (400, "bad_request"))],
)
def test_a_failure_of_all_is_an_error_and_costs_nothing(code: str, error: tuple[int, str]) -> None:
    def work(generation: Generation) -> None:
        services.failed(failed(generation, code=code, message="Change it.", retryable=False))

    drawing_base()
    buyer = make_buyer(1)
    with worker(work):
        answer = draw(buyer)
    assert (answer.status_code, answer.json()["name"], answer.json()["message"]) == (*error, "Change it.")
    assert (wallet_balance(buyer), held_balance(buyer)) == (CREDIT, 0)


def test_what_takes_too_long_is_cancelled_and_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = SiteConfig(stability_wait_seconds=0.2)
    monkeypatch.setattr(views, "site_config", lambda: impatient)
    drawing_base()
    buyer = make_buyer(1)
    answer = draw(buyer, samples=2)
    assert (answer.status_code, answer.json()["name"]) == (500, "server_error")
    assert {each.state for each in Generation.objects.all()} == {Generation.State.CANCELLED}
    assert (wallet_balance(buyer), held_balance(buyer), sum_of_all_entries()) == (CREDIT, 0, 0)


def test_credit_for_two_of_three_orders_none() -> None:
    drawing_base()
    buyer = make_buyer(2 * ECHO_PRICE / CREDIT)
    answer = draw(buyer, samples=3)
    assert (answer.status_code, answer.json()["name"]) == (429, "insufficient_balance")
    assert (Generation.objects.count(), wallet_balance(buyer), held_balance(buyer)) == (0, 2 * ECHO_PRICE, 0)


def test_where_all_places_are_taken_nothing_is_ordered() -> None:
    drawing_base()
    with ExitStack() as places:
        for _ in range(MOST_WAITING):
            places.enter_context(watcher.told([uuid4()], lambda _sight: None))
        answer = draw(make_buyer())
    assert (answer.status_code, answer.json()["name"], answer["Retry-After"]) == (429, "rate_limit_exceeded", "1")
    assert not Generation.objects.exists()


def test_a_picture_to_start_from_is_stored_and_named() -> None:
    picture_base()
    buyer, start = make_buyer(), png(colour="blue")
    with worker():
        answer = send(buyer, "image-to-image", init_image=file(start), image_strength="0.9", steps="10")
    assert answer.status_code == 200
    made = Generation.objects.get()
    assert (made.width, made.height, made.steps, made.strength, made.seed) == (128, 128, 10, 0.1, 7)
    assert object_store().get(keys.picture(buyer.pk, made.picture_sha256)) == start


def mask_of(buyer: User, **form: Any) -> Image.Image:
    picture_base()
    with worker():
        assert send(buyer, "image-to-image/masking", **form).status_code == 200
    made = Generation.objects.get()
    assert made.strength == 1.0
    return Image.open(io.BytesIO(object_store().get(keys.picture(buyer.pk, made.mask_sha256))))


def half(mode: str, left: Any, right: Any) -> bytes:
    image = Image.new(mode, (128, 128), right)
    image.paste(left, (0, 0, 64, 128))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize(
    "form",
    [
        {"mask_source": "MASK_IMAGE_WHITE", "mask_image": half("L", 255, 0)},
        {"mask_source": "MASK_IMAGE_BLACK", "mask_image": half("L", 0, 255)},
        {"mask_source": "INIT_IMAGE_ALPHA", "init_image": half("RGBA", (9, 9, 9, 0), (9, 9, 9, 255))},
    ],
    ids=lambda form: form["mask_source"],
)
def test_each_kind_of_mask_draws_the_left_half_anew(form: dict[str, Any]) -> None:
    files = {name: file(value) if isinstance(value, bytes) else value for name, value in form.items()}
    mask = mask_of(make_buyer(), **files)
    assert (mask.size, mask.getpixel((0, 0)), mask.getpixel((127, 0))) == ((128, 128), 255, 0)


@pytest.mark.parametrize(
    ("size", "form", "wanted"),
    [
        ((128, 128), {"width": "1024"}, (1024, 1024)),
        ((300, 200), {}, (600, 400)),
        ((300, 200), {"height": "512"}, (768, 512)),
    ],
)
def test_a_picture_is_enlarged_to_the_side_asked_for(
    size: tuple[int, int], form: dict[str, str], wanted: tuple[int, int]
) -> None:
    upscaler()
    program: Client = program_of(make_buyer())
    with worker():
        image = {"image": file(png(size), "image")}
        answer = program.post("/v1/generation/irodori-x2/image-to-image/upscale", form | image)
    assert answer.status_code == 200
    made = Generation.objects.get()
    assert (made.width, made.height, made.strength, made.price_micro) == (*wanted, 1.0, 2_000)

"""Generations as a program sees them, over HTTP; the store is real, the worker's part is played here."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from marketplace.accounts.models import User
from marketplace.generation import services
from marketplace.generation.answer_json import json_of
from marketplace.generation.models import Generation
from marketplace.generation.serializers import GenerationSerializer
from marketplace.ledger.selectors import held_balance
from tests.factories.accounts import make_user
from tests.factories.catalogue import tiny_sdxl_base
from tests.factories.generation import PROMPT, buyer_of, echo_version, make_request, order, stored, succeeded
from tests.factories.ledger import make_buyer

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
ROOT = "/api/v1"


def client_of(person: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(person)
    return client


def body(**changes: Any) -> dict[str, Any]:
    make_request()
    return {"base_model": "echo", "prompt": PROMPT, "width": 64, "height": 64, "steps": 4, "seed": 7} | changes


def error_of(response: Any) -> tuple[int, list[tuple[str, str | None]]]:
    return response.status_code, [(error["code"], error["attr"]) for error in response.json()["errors"]]


def test_an_answer_is_written_as_the_documentation_says() -> None:
    assert list(json_of(order())) == list(GenerationSerializer().fields)


def test_an_order_is_answered_with_its_address_and_everything_about_it() -> None:
    buyer, version = make_buyer(), echo_version(creator=make_user(display_name="Mara"))
    client = client_of(buyer)
    answer = client.post(f"{ROOT}/generations", body(adapters=[{"version": version.pk, "weight": 0.8}]), "json")
    found = Generation.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"http://testserver{ROOT}/generations/{found.pk}")
    created = answer.json()
    assert created.pop("created_at")
    assert created == {
        "id": str(found.pk),
        "state": "queued",
        "step": 0,
        "steps": 4,
        "place_in_queue": 1,
        "eta_seconds": None,
        "base_model": "echo",
        "prompt": PROMPT,
        "negative_prompt": "",
        "adapters": [{"version": version.pk, "title": version.style.title, "weight": 0.8, "price_micro": 10_000}],
        "width": 64,
        "height": 64,
        "guidance_scale": 5.0,
        "seed": 7,
        "scheduler": "euler",
        "resale": False,
        "picture": "",
        "mask": "",
        "strength": None,
        "refiner_start": None,
        "price_micro": 10_100,
        "currency": "USD",
        "split": [
            {"payee": "Mara", "role": "creator", "amount_micro": 7_000},
            {"payee": "Computation", "role": "compute", "amount_micro": 100},
            {"payee": "Irodori", "role": "platform", "amount_micro": 3_000},
        ],
        "credit_lines": [],
        "shared_under": "",
        "commercial_use": True,
        "image": None,
        "failure": None,
        "finished_at": None,
    }


def test_an_order_may_ask_for_a_refiner_where_the_engine_can_have_one() -> None:
    tiny_sdxl_base()
    client = client_of(make_buyer())
    answer = client.post(f"{ROOT}/generations", body(base_model="tiny-sdxl", refiner_start=0.8), "json")
    assert (answer.status_code, answer.json()["refiner_start"]) == (201, 0.8)
    for changes, error in (
        ({"base_model": "echo", "refiner_start": 0.8}, ("no_refiner", "refiner_start")),
        ({"base_model": "tiny-sdxl", "refiner_start": 1}, ("out_of_range", "refiner_start")),
        ({"base_model": "tiny-sdxl", "refiner_start": "late"}, ("invalid", "refiner_start")),
    ):
        for path in ("generations", "quotes"):
            assert error_of(client.post(f"{ROOT}/{path}", body(**changes), "json")) == (400, [error])


def test_a_finished_image_is_streamed_once_and_then_known_by_its_hash() -> None:
    generation = order(None, echo_version())
    report = stored(generation)
    services.succeeded(report)
    client = client_of(buyer_of(generation))
    image = client.get(f"{ROOT}/generations/{generation.pk}").json()["image"]
    assert image == {
        "url": f"http://testserver{ROOT}/generations/{generation.pk}/image",
        "sha256": report.sha256,
        "media_type": "text/plain",
        "width": 64,
        "height": 64,
    }
    answer = client.get(image["url"])
    assert (answer.status_code, answer.getvalue()) == (200, PROMPT.encode())
    expected = {
        "ETag": f'"{report.sha256}"',
        "Content-Type": "text/plain",
        "Cache-Control": "private, max-age=31536000, immutable",
        "X-Robots-Tag": "noai, noimageai",
        "tdm-reservation": "1",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    assert {name: answer.headers[name] for name in expected} == expected
    assert client.get(image["url"], headers={"if-none-match": f'"{report.sha256}"'}).status_code == 304


def test_images_whose_styles_may_train_models_carry_no_reservation() -> None:
    generation = order(None, echo_version(outputs_may_train=True))
    services.succeeded(stored(generation))
    answer = client_of(buyer_of(generation)).get(f"{ROOT}/generations/{generation.pk}/image")
    assert (answer.status_code, "X-Robots-Tag" in answer.headers, "tdm-reservation" in answer.headers) == (
        200,
        False,
        False,
    )


def test_there_is_no_image_before_it_is_made_nor_after_it_is_lost() -> None:
    generation = order()
    client = client_of(buyer_of(generation))
    address = f"{ROOT}/generations/{generation.pk}/image"
    assert error_of(client.get(address)) == (404, [("no_image", None)])
    report = succeeded(generation)
    Generation.objects.filter(pk=generation.pk).update(
        state="succeeded", image_key="outputs/gone.png", image_sha256=report.sha256, image_media_type="image/png"
    )
    assert error_of(client.get(address)) == (404, [("image_missing", None)])


@pytest.mark.parametrize("path", ["", "/image", "/cancel"])
def test_another_persons_image_is_not_found(path: str) -> None:
    generation = order()
    client = client_of(make_user())
    address = f"{ROOT}/generations/{generation.pk}{path}"
    answer = client.post(address) if path == "/cancel" else client.get(address)
    assert error_of(answer) == (404, [("generation_not_found", None)])


def test_cancelling_returns_the_credit_and_cancelling_what_is_done_is_a_conflict() -> None:
    generation = order()
    client = client_of(buyer_of(generation))
    assert client.post(f"{ROOT}/generations/{generation.pk}/cancel").json()["state"] == "cancelled"
    assert held_balance(buyer_of(generation)) == 0
    done = order(buyer_of(generation))
    services.succeeded(stored(done))
    assert error_of(client.post(f"{ROOT}/generations/{done.pk}/cancel")) == (409, [("already_finished", None)])


def test_the_list_holds_my_own_images_newest_first_by_the_page() -> None:
    buyer = make_buyer()
    first, second, third = order(buyer), order(buyer), order(buyer)
    order()
    client = client_of(buyer)
    page = client.get(f"{ROOT}/generations", {"limit": 2}).json()
    rest = client.get(page["next"]).json()
    assert [one["id"] for one in page["results"] + rest["results"]] == [str(one.pk) for one in (third, second, first)]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prompt": ""}, ("prompt_empty", "prompt")),
        ({"prompt": "a\x01b"}, ("control_characters", "prompt")),
        ({"prompt": "x" * 2001}, ("prompt_too_long", "prompt")),
        ({"width": 60}, ("size_not_possible", "width")),
        ({"width": 10**30}, ("size_not_possible", "width")),
        ({"steps": -1}, ("out_of_range", "steps")),
        ({"seed": 2**64}, ("out_of_range", "seed")),
        ({"guidance_scale": "nan"}, ("invalid", "guidance_scale")),
        ({"guidance_scale": "much"}, ("invalid", "guidance_scale")),
        ({"adapters": [{"version": 10**40, "weight": 1}]}, ("unknown_style", "adapters")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_orders_name_the_field_and_hold_nothing(changes: dict[str, Any], error: tuple[str, str]) -> None:
    buyer = make_buyer()
    assert error_of(client_of(buyer).post(f"{ROOT}/generations", body(**changes), "json")) == (400, [error])
    assert (held_balance(buyer), Generation.objects.count()) == (0, 0)


def test_an_order_beyond_the_wallet_is_402() -> None:
    assert error_of(client_of(make_user()).post(f"{ROOT}/generations", body(), "json")) == (
        402,
        [("not_enough_credit", None)],
    )


def test_an_order_against_a_creators_terms_is_403() -> None:
    asked = body(adapters=[{"version": echo_version().pk}], resale=True)
    answer = client_of(make_buyer()).post(f"{ROOT}/generations", asked, "json")
    assert error_of(answer) == (403, [("resale_not_licensed", "resale")])


def test_a_quote_needs_no_prompt_and_holds_nothing() -> None:
    buyer, version = make_buyer(), echo_version(creator=make_user(display_name="Mara"))
    asked = body(adapters=[{"version": version.pk, "weight": 0.1}])
    del asked["prompt"]
    answer = client_of(buyer).post(f"{ROOT}/quotes", asked, "json").json()
    assert (bool(answer.pop("quote")), bool(answer.pop("expires_at"))) == (True, True)
    assert answer == {
        "compute_micro": 100,
        "lines": [{"version": version.pk, "title": version.style.title, "price_micro": 10_000}],
        "total_micro": 10_100,
        "split": [
            {"payee": "Mara", "role": "creator", "amount_micro": 7_000},
            {"payee": "Computation", "role": "compute", "amount_micro": 100},
            {"payee": "Irodori", "role": "platform", "amount_micro": 3_000},
        ],
    }
    assert held_balance(buyer) == 0


def test_wallet_and_earnings_are_told_to_the_micro_unit() -> None:
    buyer, version = make_buyer(10), echo_version()
    services.succeeded(stored(order(buyer, version)))
    order(buyer)
    assert client_of(buyer).get(f"{ROOT}/wallet").json() == {
        "balance_micro": 100_000 - 10_200,
        "held_micro": 100,
        "currency": "USD",
    }
    assert client_of(version.style.creator).get(f"{ROOT}/earnings").json() == {
        "earnings_micro": 7_000,
        "currency": "USD",
        "versions": [
            {"version": version.pk, "title": version.style.title, "number": 1, "images": 1, "amount_micro": 7_000}
        ],
    }


@pytest.mark.parametrize(("amount", "status"), [(10_000_000, 201), (1, 400), (10**30, 400), ("all", 400)])
def test_a_top_up_opens_a_checkout(amount: object, status: int) -> None:
    answer = client_of(make_user()).post(f"{ROOT}/top-ups", {"amount_micro": amount}, "json")
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["url"].startswith("http://testserver/plugins/sandbox_payments/checkout/")


@pytest.mark.parametrize("path", ["generations", "wallet", "earnings"])
def test_strangers_are_asked_to_sign_in(path: str) -> None:
    assert Client().get(f"{ROOT}/{path}").status_code == 401


def test_the_address_list_costs_the_same_queries_for_many_as_for_one(django_assert_max_num_queries: Any) -> None:
    buyer = make_buyer()
    for _ in range(6):
        generation = order(buyer, echo_version())
        Generation.objects.filter(pk=generation.pk).update(state="cancelled")
    with django_assert_max_num_queries(3):
        assert len(client_of(buyer).get(f"{ROOT}/generations").json()["results"]) == 6

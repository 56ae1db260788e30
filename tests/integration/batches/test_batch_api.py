"""Batches as a program sees them, over HTTP; the store is real, the worker's part is played here."""

import asyncio
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from hub.web.handler import SiteHandler
from marketplace.batches.models import Batch
from marketplace.batches.services import cancel_rest
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance
from tests.factories.asgi import asked, run, token_of
from tests.factories.batches import images_of, make_batch
from tests.factories.generation import failed, make_request, stored
from tests.factories.ledger import make_buyer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.stack,
    pytest.mark.usefixtures("object_store_server"),
]
ROOT = "/api/v1/batches"
DEFAULTS = {"base_model": "echo", "width": 64, "height": 64, "steps": 4}


def client_of(batch_or_buyer: Any) -> Client:
    return Client(headers=token_of(getattr(batch_or_buyer, "buyer", batch_or_buyer)))


def post(client: Client, path: str, body: object, **headers: str) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


def test_a_batch_is_quoted_ordered_once_and_read() -> None:
    make_request()
    client = client_of(make_buyer())
    body = {
        "defaults": {**DEFAULTS, "prompt": "fox"},
        "items": [{"seed": 1}, {"seed": 2, "steps": 8}],
        "prompts": ["owl"],
    }
    quote = post(client, f"{ROOT}/quote", body).json()
    assert (quote["size"], quote["total_micro"]) == (3, 300)
    order = {**body, "name": "Animals", "quote": quote["quote"]}
    answers = [post(client, ROOT, order, **{"idempotency-key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    made = answers[0].json()
    assert answers[1].json() == made
    batch = Batch.objects.get()
    assert answers[0].headers["Location"] == f"http://testserver{ROOT}/{batch.pk}"
    assert made.pop("created_at")
    assert made == {
        "id": str(batch.pk),
        "name": "Animals",
        "size": 3,
        "counts": {"queued": 3, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0},
        "price_micro": 300,
        "paid_micro": 0,
        "currency": "USD",
        "eta_seconds": None,
        "finished_at": None,
    }
    assert [(row.prompt, row.steps) for row in images_of(batch)] == [("fox", 4), ("fox", 8), ("owl", 4)]
    assert [row.seed for row in images_of(batch)][:2] == [1, 2]
    assert [each["id"] for each in client.get(ROOT).json()["results"]] == [str(batch.pk)]
    assert client.get(f"{ROOT}/{batch.pk}").headers["Retry-After"] == "1"


def test_results_come_by_their_numbers_a_page_at_a_time() -> None:
    batch = make_batch(size=5)
    first, second, *_ = images_of(batch)
    report = stored(first)
    services.succeeded(report)
    services.failed(failed(second, retryable=False))
    client = client_of(batch)
    items: list[dict[str, Any]] = []
    page = f"{ROOT}/{batch.pk}/items?limit=2"
    while page:
        answer = client.get(page).json()
        page, items = answer["next"], [*items, *answer["results"]]
    assert [(item["number"], item["state"], item["prompt"], item["seed"]) for item in items] == [
        (0, "succeeded", "fox 0", 0),
        (1, "failed", "fox 1", 1),
        *((number, "queued", f"fox {number}", number) for number in range(2, 5)),
    ]
    assert items[0]["image"]["sha256"] == report.sha256
    assert client.get(items[0]["image"]["url"]).getvalue() == b"fox 0"
    assert (items[1]["failure"], items[1]["image"]) == (
        {"code": "engine_crashed", "message": "The engine stopped."},
        None,
    )
    told = client.get(f"{ROOT}/{batch.pk}").json()
    assert (told["counts"]["succeeded"], told["counts"]["failed"], told["paid_micro"]) == (1, 1, first.price_micro)


def test_cancelling_returns_the_rest() -> None:
    batch = make_batch(size=3)
    services.succeeded(stored(images_of(batch)[0]))
    answer = post(client_of(batch), f"{ROOT}/{batch.pk}/cancel", {})
    assert (answer.status_code, answer.json()["counts"]["cancelled"], held_balance(batch.buyer)) == (200, 2, 0)


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        ({}, 400, [("batch_size", "items")]),
        ({"items": [], "prompts": []}, 400, [("batch_size", "items")]),
        ({"prompts": ["x"] * 1001}, 400, [("max_length", "prompts")]),
        ({"items": [{}] * 10_000}, 400, [("max_length", "items")]),
        ({"items": [{}] * 100_000}, 400, [("too_many_items", None)]),
        ({"items": [1, {"steps": "many"}]}, 400, [("invalid", "items.0"), ("invalid", "items.1.steps")]),
        ({"items": {"0": {}}}, 400, [("not_a_list", "items")]),
        ({"defaults": [], "items": [{}]}, 400, [("invalid", "defaults")]),
        ({"prompts": ["fox", "", "owl"]}, 400, [("prompt_empty", "items.1.prompt")]),
        ({"prompts": ["fox"], "quote": "x"}, 400, [("quote_unknown", "quote")]),
        ({"defaults": {"base_model": "none"}, "prompts": ["fox"]}, 400, [("unknown_base_model", "items.0.base_model")]),
        ({"prompts": ["fox"] * 1000, "defaults": {**DEFAULTS, "steps": 50, "width": 512, "height": 512}}, 402, [("not_enough_credit", None)]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_written(
    body: dict[str, Any], status: int, errors: list[tuple[str, str | None]]
) -> None:
    make_request()
    buyer = make_buyer(1)
    answer = post(client_of(buyer), ROOT, {"defaults": DEFAULTS, **body})
    told = [(error["code"], error["attr"]) for error in answer.json()["errors"]]
    assert (answer.status_code, [(code, attr and attr.removesuffix(".non_field_errors")) for code, attr in told]) == (
        status,
        errors,
    )
    assert (Batch.objects.count(), Generation.objects.count(), held_balance(buyer)) == (0, 0, 0)


@pytest.mark.parametrize("cursor", ["x", "cD0tMQ==", "cD14", "cD05OTk5OTk5OTk5OTk5"])
def test_a_cursor_that_no_list_gave_out_is_refused(cursor: str) -> None:
    batch = make_batch()
    answer = client_of(batch).get(f"{ROOT}/{batch.pk}/items?cursor={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "bad_cursor")


def test_its_stream_tells_the_counts_and_the_end() -> None:
    batch = make_batch(size=2)
    signed_in, first = token_of(batch.buyer), images_of(batch)[0]

    def cancel() -> None:
        try:
            services.cancel(generation=first)
            cancel_rest(batch=batch)
        finally:
            connection.close()

    async def watch() -> None:
        site, path = SiteHandler(1), f"{ROOT}/{batch.pk}/events"
        async with asked(site, path, signed_in) as answer:
            pieces = answer.pieces()
            assert b"retry" in await anext(pieces)
            assert b'"done":0,"size":2' in await anext(pieces)
            await asyncio.to_thread(cancel)
            text = (await answer.text()).splitlines()
            assert ("event: finished" in text, '"done":2,"size":2' in text[-2]) == (True, True)
            last = next(line.removeprefix("id: ") for line in reversed(text) if line.startswith("id"))
        async with asked(site, path, signed_in | {"last-event-id": last}) as again:
            assert (await again.text(), again.status) == ("", 204)

    run(watch())

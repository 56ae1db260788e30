"""Who watches is told within moments, and who waits holds no thread; the site is spoken to as its server does."""

import asyncio
import json
import time
from base64 import b64decode, b64encode
from contextlib import AsyncExitStack, ExitStack
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import Client

from hub.web.handler import SiteHandler
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.generation.watching import watcher
from marketplace.watching import MOST_WAITING
from tests.factories.accounts import make_user
from tests.factories.asgi import Answer, asked, run, token_of
from tests.factories.generation import PROMPT, buyer_of, failed, heartbeat, make_request, order, started, stored
from tests.factories.ledger import make_buyer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.stack,
    pytest.mark.usefixtures("object_store_server", "broker"),
]
ROOT = "/api/v1/generations"
Told = list[tuple[str, str, dict[str, Any]]]


async def tell(service: Any, message: Any) -> None:
    """As the site's worker would, in a thread of its own."""

    def act() -> None:
        try:
            service(message)
        finally:
            connection.close()

    await asyncio.to_thread(act)


def events_in(text: str) -> Told:
    told: Told = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in fields:
            told.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return told


async def next_event(answer: Answer) -> str:
    async for piece in answer.pieces():
        if told := events_in(piece.decode()):
            return told[0][0]
    raise AssertionError("The stream ended.")


def test_a_stream_tells_every_change_and_ends_with_the_picture() -> None:
    generation = order()
    signed_in = token_of(buyer_of(generation))

    async def watch() -> None:
        async with asked(SiteHandler(2), f"{ROOT}/{generation.pk}/events", signed_in) as answer:
            await answer.head()
            assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
            assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
            assert await next_event(answer) == "queued"
            await tell(services.started, started(generation))
            assert await next_event(answer) == "started"
            await tell(services.heartbeat, heartbeat(generation, 3))
            assert await next_event(answer) == "progress"
            await tell(services.succeeded, stored(generation))
            [(name, id_, data)] = events_in(await answer.text())
            assert (name, id_, data["state"]) == ("succeeded", "1.2.4", "succeeded")

    run(watch())
    assert watcher.waiting == 0


def test_previews_are_sent_to_who_asks_for_them() -> None:
    generation = order()
    services.started(started(generation))
    services.heartbeat(heartbeat(generation, 2, preview=b64encode(b"\xff\xd8\xff fox").decode()))
    signed_in = token_of(buyer_of(generation))

    async def watch() -> None:
        async with asked(SiteHandler(1), f"{ROOT}/{generation.pk}/events?previews=true", signed_in) as answer:
            pieces = answer.pieces()
            told = events_in(b"".join([await anext(pieces) for _ in range(4)]).decode())
            assert [name for name, _, _ in told] == ["started", "progress", "preview"]
            assert b64decode(told[2][2]["jpeg_base64"]) == b"\xff\xd8\xff fox"

    run(watch())


def test_who_comes_back_is_told_only_what_is_new_and_then_to_come_no_more() -> None:
    generation = order()
    services.started(started(generation))
    services.heartbeat(heartbeat(generation, 2))
    services.failed(failed(generation, retryable=False))
    signed_in = token_of(buyer_of(generation))

    async def told(last: str) -> tuple[int, list[str]]:
        headers = signed_in | {"last-event-id": last}
        async with asked(SiteHandler(2), f"{ROOT}/{generation.pk}/events", headers) as answer:
            names = [name for name, _, _ in events_in(await answer.text())]
            return answer.status, names

    async def come_back() -> None:
        assert await told("1.1.2") == (200, ["failed"])
        assert await told("1.2.2") == (204, [])
        assert await told("no id of ours") == (200, ["failed"])

    run(come_back())


def test_another_persons_stream_does_not_exist_and_errors_are_json() -> None:
    generation, stranger = order(), token_of(make_user())

    async def ask() -> None:
        path = f"{ROOT}/{generation.pk}/events"
        for headers, status in ((stranger, 404), ({}, 401)):
            async with asked(SiteHandler(2), path, {"accept": "text/event-stream", **headers}) as answer:
                assert json.loads(await answer.text())["errors"][0]["code"]
                assert (answer.status, answer.headers["content-type"]) == (status, "application/json")

    run(ask())


def test_forty_streams_and_forty_waits_need_one_thread() -> None:
    generation = order()
    signed_in = token_of(buyer_of(generation))

    async def crowd() -> None:
        site = SiteHandler(1)
        async with AsyncExitStack() as open_:
            path = f"{ROOT}/{generation.pk}"
            streams = [await open_.enter_async_context(asked(site, f"{path}/events", signed_in)) for _ in range(40)]
            waits = [
                await open_.enter_async_context(asked(site, path, signed_in | {"prefer": "wait=30"})) for _ in range(40)
            ]
            assert [await next_event(stream) for stream in streams] == ["queued"] * 40
            await tell(services.succeeded, stored(generation))
            assert {events_in(await stream.text())[-1][0] for stream in streams} == {"succeeded"}
            assert {json.loads(await wait.text())["state"] for wait in waits} == {"succeeded"}

    run(crowd())


def test_an_order_that_prefers_to_wait_is_answered_when_it_is_done() -> None:
    signed_in = token_of(make_buyer())
    make_request()
    body = json.dumps({"base_model": "echo", "prompt": PROMPT, "steps": 4}).encode()

    async def wait() -> None:
        headers = signed_in | {"prefer": "respond-async, wait=30", "idempotency-key": "k", "accept-language": "ja"}
        for _again in range(2):
            async with asked(SiteHandler(1), ROOT, headers, method="POST", body=body) as answer:
                made = await sync_to_async(_the_one_that_is_ordered)()
                if made.state == "queued":
                    await tell(services.succeeded, stored(made))
                text = await answer.text()
                assert (json.loads(text)["state"], answer.headers["content-length"]) == (
                    "succeeded",
                    str(len(text.encode())),
                )
                assert (answer.status, answer.headers["preference-applied"]) == (201, "wait=30")
                assert answer.headers["location"].endswith(f"{ROOT}/{made.pk}")
                assert answer.headers["content-language"] == "ja"

    run(wait())


def _the_one_that_is_ordered() -> Generation:
    try:
        for _ in range(500):
            if found := Generation.objects.first():
                return found
            time.sleep(0.02)
        raise AssertionError("Nothing was ordered.")
    finally:
        connection.close()


def test_when_the_time_is_over_it_is_answered_as_it_is() -> None:
    generation = order()
    signed_in = token_of(buyer_of(generation))

    async def wait() -> None:
        path = f"{ROOT}/{generation.pk}"
        async with asked(SiteHandler(1), path, signed_in | {"prefer": "wait=1"}) as answer:
            assert json.loads(await answer.text())["state"] == "queued"
            assert (answer.status, answer.headers["retry-after"]) == (200, "1")

    run(wait())


def test_a_client_that_leaves_is_waited_for_no_more() -> None:
    generation = order()
    signed_in = token_of(buyer_of(generation))

    async def leave() -> None:
        for path, headers in (
            (f"{ROOT}/{generation.pk}/events", {}),
            (f"{ROOT}/{generation.pk}", {"prefer": "wait=60"}),
        ):
            async with asked(SiteHandler(1), path, signed_in | headers):
                while not watcher.waiting:
                    await asyncio.sleep(0.01)
            assert watcher.waiting == 0

    run(leave())


def test_where_too_many_wait_an_order_is_answered_at_once_and_a_stream_refused() -> None:
    make_request()
    client = Client(headers={**token_of(make_buyer()), "prefer": "wait=60"}, raise_request_exception=False)
    with ExitStack() as places:
        for _ in range(MOST_WAITING):
            places.enter_context(watcher.told([uuid4()], lambda _sight: None))
        answer = client.post(ROOT, {"base_model": "echo", "prompt": PROMPT}, "application/json")
        stream = client.get(f"{ROOT}/{answer.json()['id']}/events")
    assert (answer.status_code, answer.json()["state"], answer.has_header("Preference-Applied")) == (
        201,
        "queued",
        False,
    )
    assert (stream.status_code, stream.json()["errors"][0]["code"]) == (503, "too_many_waiting")


def test_under_another_kind_of_server_the_thread_waits() -> None:
    generation = order()
    client = Client(headers={**token_of(buyer_of(generation)), "prefer": "wait=1"})
    answer = client.get(f"{ROOT}/{generation.pk}")
    assert (answer.json()["state"], answer.headers["Preference-Applied"]) == ("queued", "wait=1")


@pytest.mark.parametrize("prefer", ["wait=0", "wait", "wait=-1", "wait=x", "respond-async", "", "wait=1e9", "=,;"])
def test_what_is_no_wish_to_wait_is_answered_at_once(prefer: str) -> None:
    generation = order()
    client = Client(headers={**token_of(buyer_of(generation)), "prefer": prefer})
    assert client.get(f"{ROOT}/{generation.pk}").json()["state"] == "queued"

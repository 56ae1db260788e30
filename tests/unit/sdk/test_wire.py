"""Faults of the network, which no real site has on demand: lost answers, half answers, hubs that ask for patience."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from irodori_client import (
    Client,
    DamagedError,
    Generation,
    Order,
    RateLimitedError,
    Retries,
    UnavailableError,
    UnreachableError,
    UsageError,
    endpoints,
)
from irodori_client.errors import retry_after
from irodori_client.retries import IDEMPOTENCY_KEY

WALLET = {"balance_micro": 1, "held_micro": 0, "currency": "USD"}
ORDER = Order(base_model="echo", prompt="a fox")
GOOD = httpx.Response(200, json=WALLET)
Wire = Callable[..., Client]


def refusal(status: int, code: str, **headers: str) -> httpx.Response:
    body = {"type": "client_error", "errors": [{"code": code, "detail": "Not now.", "attr": None}]}
    return httpx.Response(status, json=body, headers={"X-Request-ID": "r-1", **headers})


class Asked(list[httpx.Request]):
    """The requests that left, and how long was slept between them."""

    slept: list[float]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    requests = Asked()
    requests.slept = []
    monkeypatch.setattr("time.sleep", requests.slept.append)
    return requests


@pytest.fixture
def wire(asked: Asked) -> Iterator[Wire]:
    """A client that is answered as told, in turn; an exception is raised."""
    opened: list[Client] = []

    def answering(*answers: httpx.Response | Exception) -> Client:
        left = iter(answers)

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            result = next(left)
            if isinstance(result, Exception):
                raise result
            return result

        retries = Retries(tries=3, first_s=1, longest_s=30, chance=lambda: 1.0)
        opened.append(Client("http://hub", "key", transport=httpx.MockTransport(answer), retries=retries))
        return opened[-1]

    yield answering
    for client in opened:
        client.close()


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ReadError("lost"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
        httpx.ConnectError("refused"),
        httpx.Response(502, text="<html>"),
        httpx.Response(504),
        refusal(503, "unavailable"),
        refusal(429, "too_many_requests"),
    ],
    ids=str,
)
def test_what_only_reads_is_asked_again_after_growing_waits(wire: Wire, asked: Asked, trouble: object) -> None:
    assert wire(trouble, trouble, GOOD).wallet.get().balance_micro == 1
    assert (len(asked), asked.slept) == (3, [1, 2])


def test_tries_have_an_end(wire: Wire, asked: Asked) -> None:
    lost = httpx.ReadError("lost")
    with pytest.raises(UnreachableError, match=r"does not answer \(lost\)\. Is it running"):
        wire(lost, lost, lost).wallet.get()
    with pytest.raises(UnavailableError, match=r"Not now\.") as refused:
        wire(*[refusal(503, "unavailable")] * 3).wallet.get()
    assert (refused.value.code, refused.value.status, refused.value.request_id) == ("unavailable", 503, "r-1")
    assert len(asked) == 6


def test_every_copy_of_an_order_carries_one_key(wire: Wire, asked: Asked) -> None:
    client = wire(httpx.ReadError("lost"), refusal(402, "not_enough_credit"), refusal(402, "not_enough_credit"))
    for _ in range(2):
        with pytest.raises(Exception, match=r"Not now\."):
            client.generations.create(ORDER)
    keys = [request.headers[IDEMPOTENCY_KEY] for request in asked]
    assert (keys[0], len(set(keys))) == (keys[1], 2)


@pytest.fixture
def unkeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the hub would be with an effect for which it takes no key."""
    monkeypatch.setattr(endpoints, "LORA", replace(endpoints.LORA, keyed=False))


@pytest.mark.usefixtures("unkeyed")
def test_what_may_have_had_an_effect_is_not_sent_again_without_a_key(wire: Wire, asked: Asked) -> None:
    with pytest.raises(UnreachableError, match="look before you send it again"):
        wire(httpx.ReadError("lost")).uploads.make_lora("7b1cbb5e-0000-4000-8000-000000000000")
    assert len(asked) == 1


@pytest.mark.usefixtures("unkeyed")
def test_what_never_left_is_sent_again_even_so(wire: Wire, asked: Asked) -> None:
    with pytest.raises(UnreachableError):
        wire(*[httpx.ConnectError("refused")] * 3).uploads.make_lora("7b1cbb5e-0000-4000-8000-000000000000")
    assert len(asked) == 3


def test_a_hub_is_asked_again_when_it_said_and_not_before(wire: Wire, asked: Asked) -> None:
    in_ten = format_datetime(datetime.now(UTC) + timedelta(seconds=10), usegmt=True)
    wire(
        refusal(429, "too_many_requests", **{"Retry-After": "7"}),
        refusal(503, "unavailable", **{"Retry-After": in_ten}),
        GOOD,
    ).wallet.get()
    assert asked.slept == pytest.approx([7, 10], abs=1)


def test_a_hub_that_asks_for_more_patience_than_given_is_not_asked_again(wire: Wire, asked: Asked) -> None:
    with pytest.raises(RateLimitedError) as refused:
        wire(refusal(429, "too_many_requests", **{"Retry-After": "31"})).wallet.get()
    assert (refused.value.retry_after, len(asked), asked.slept) == (31, 1, [])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, text="<html>"), "can't read"),
        (httpx.Response(200, json={"balance_micro": "much"}), "can't read"),
        (httpx.Response(200, content=b'{"balance_micro": 1, "held'), "can't read"),
        (httpx.Response(302, headers={"Location": "http://elsewhere/"}), "answered 302"),
        (httpx.Response(404, text="nothing here"), "answered 404"),
        (httpx.Response(400, json=[1]), "answered 400"),
        (httpx.Response(400, json={"errors": []}), "answered 400"),
        (httpx.Response(400, content=b"[" * 100_000), "answered 400"),
    ],
)
def test_what_is_no_hub_is_told_in_a_sentence(wire: Wire, answer: httpx.Response, said: str) -> None:
    with pytest.raises(UnreachableError, match=said):
        wire(answer).wallet.get()


def test_the_key_goes_to_the_hub_alone(wire: Wire, asked: Asked, tmp_path: Path) -> None:
    upload = {
        "id": "7b1cbb5e-0000-4000-8000-000000000000", "file_name": "a", "base_model": "echo", "size": 3, "part_size": 5,
        "part_count": 1, "state": "receiving", "created_at": "2026-11-26T05:00:00Z", "sha256": "", "format": "",
        "kind": None, "metadata": None, "refusal": None, "extracted_from": None, "extraction": None,
    }  # fmt: skip
    stored: list[httpx.Request] = []

    def store(request: httpx.Request) -> httpx.Response:
        stored.append(request)
        return httpx.Response(200, headers={"ETag": '"e"'})

    hub = wire(httpx.Response(201, json=upload), httpx.Response(200, json={"url": "http://store/x"}), httpx.Response(200, json=upload))  # fmt: skip
    hub._doors.store._transport = httpx.MockTransport(store)
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    hub.uploads.send(path, base_model="echo")
    assert [request.headers["Authorization"] for request in asked] == ["Bearer key"] * 3
    assert [("Authorization" in request.headers, request.headers["Content-Length"]) for request in stored] == [
        (False, "3")
    ]


def test_an_image_that_is_not_the_one_that_was_made_is_not_saved(wire: Wire, tmp_path: Path) -> None:
    image = {"url": "x", "sha256": "0" * 64, "media_type": "image/png", "width": 1, "height": 1}
    made = order_in("succeeded", 4) | {"image": image}
    path = tmp_path / "image.png"
    path.write_bytes(b"before")
    with pytest.raises(DamagedError):
        wire(httpx.Response(200, content=b"other")).generations.save(Generation.model_validate(made), path)
    assert path.read_bytes() == b"before"


def order_in(state: str, step: int) -> dict[str, object]:
    return {
        "id": "7b1cbb5e-0000-4000-8000-000000000000", "state": state, "step": step, "steps": 4, "place_in_queue": 0,
        "eta_seconds": None, "base_model": "echo", "prompt": "", "negative_prompt": "", "adapters": [], "width": 1,
        "height": 1, "guidance_scale": 1, "seed": 1, "scheduler": "", "resale": False, "picture": "", "mask": "",
        "strength": None, "refiner_start": None, "price_micro": 1, "currency": "USD", "split": [], "credit_lines": [],
        "shared_under": "", "commercial_use": True, "image": None, "failure": None,
        "created_at": "2026-11-26T05:00:00Z", "finished_at": None,
    }  # fmt: skip


class Broken(httpx.SyncByteStream):
    """A stream that ends in the middle of an event, or of a line."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __iter__(self) -> Iterator[bytes]:
        yield self._text.encode()
        raise httpx.ReadError("lost")


def stream(text: str) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, stream=Broken(text))


def test_a_stream_that_breaks_is_taken_up_after_the_last_whole_event(wire: Wire, asked: Asked) -> None:
    first = 'retry: 2000\n\nid: 1.1.1\nevent: progress\ndata: {"state": "running", "step": 1}\n\nid: 1.1.2\ndata: {"st'
    second = ': still here\n\nid: 1.1.3\nevent: progress\ndata: {"state": "running",\ndata: "step": 3, "more": 1}\n\n'
    last = 'event: succeeded\ndata: {"state": "succeeded"}\n\n'
    answers = (
        httpx.Response(200, json=order_in("queued", 0)),
        stream(first),
        httpx.Response(200, json=order_in("running", 2)),
        stream(second + last),
        httpx.Response(200, json=order_in("succeeded", 4)),
    )
    seen = list(wire(*answers).generations.stream("7b1cbb5e-0000-4000-8000-000000000000"))
    assert [(each.state, each.step) for each in seen] == [
        ("queued", 0), ("running", 1), ("running", 2), ("running", 3), ("succeeded", 4)
    ]  # fmt: skip
    assert [request.headers.get("Last-Event-ID") for request in asked if "events" in request.url.path] == [
        None,
        "1.1.1",
    ]


def test_where_no_stream_comes_through_the_hub_is_asked_again(wire: Wire, asked: Asked) -> None:
    answers = (
        httpx.Response(200, json=order_in("queued", 0)),
        httpx.Response(502, text="<html>"),
        httpx.Response(200, json=order_in("running", 1)),
        httpx.Response(200, json=order_in("running", 1)),
        httpx.Response(200, json=order_in("succeeded", 4)),
    )
    made = wire(*answers).generations.wait("7b1cbb5e-0000-4000-8000-000000000000")
    assert (made.state, len(asked), asked.slept) == ("succeeded", 5, [0.5] * 3)


def test_a_picture_is_sent_as_what_it_is(wire: Wire, asked: Asked) -> None:
    client = wire(*[httpx.Response(201, json={"sha256": "0"})] * 3)
    for head in (b"\x89PNG\r\n", b"\xff\xd8\xff", b"RIFF\x00\x00\x00\x00WEBP"):
        client.pictures.send(head)
    assert [request.headers["Content-Type"] for request in asked] == ["image/png", "image/jpeg", "image/webp"]
    with pytest.raises(UsageError):
        client.pictures.send(b"GIF89a")


@given(st.text())
def test_no_retry_after_breaks_a_client(text: str) -> None:
    seconds = retry_after({"retry-after": text})
    assert seconds is None or seconds >= 0


@given(st.integers(1, 40), st.floats(0, 1))
def test_waits_grow_to_the_longest_and_are_at_least_half_of_it(attempt: int, chance: float) -> None:
    retries = Retries(first_s=0.5, longest_s=30, chance=lambda: chance)
    whole = min(30.0, 0.5 * 2 ** (attempt - 1))
    assert whole / 2 <= retries.wait(attempt) <= whole

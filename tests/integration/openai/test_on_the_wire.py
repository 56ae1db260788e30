"""A whole hub, spoken to in bytes: bodies in chunks, pictures that equal the hub's own API's, and programs that leave."""

import io
import time
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from hub.testing.stack import RunningStack
from tests.factories.stability import png
from tests.stability_hub import StabilityHub, signed_up

pytestmark = [pytest.mark.stack, pytest.mark.torch]
FOX = "a fox on a blue background"


@pytest.fixture(scope="module")
def hub(running_stack: RunningStack) -> StabilityHub:
    return signed_up(running_stack, "openai-wire@hub-of-tests.org")


def in_chunks(body: bytes) -> Iterator[bytes]:
    for first in range(0, len(body), 1000):
        yield body[first : first + 1000]


def picture(answer: httpx.Response) -> bytes:
    assert answer.status_code == 200, answer.text
    [item] = answer.json()["data"]
    return b64decode(item["b64_json"])


def test_json_and_forms_in_chunks_give_the_picture_of_the_hubs_own_api(hub: StabilityHub) -> None:
    body = b'{"prompt": "' + FOX.encode() + b'", "seed": 7}'
    headers = {"Content-Type": "application/json"}
    drawn = hub.program.post("/v1/images/generations", content=in_chunks(body), headers=headers)
    assert drawn.request.headers["transfer-encoding"] == "chunked"
    assert Image.open(io.BytesIO(picture(drawn))).size == (128, 128)
    assert picture(drawn) == hub.image({"prompt": FOX, "seed": 7})
    form = httpx.Request("POST", hub.url, data={"prompt": FOX, "seed": "9"}, files={"image": png(colour="green")})
    kind = {"Content-Type": form.headers["content-type"]}
    edited = hub.program.post("/v1/images/edits", content=in_chunks(form.read()), headers=kind)
    started = hub.program.post("/api/v1/pictures", content=png(colour="green"), headers={"Content-Type": "image/png"})
    order = {"prompt": FOX, "seed": 9, "picture": started.json()["sha256"], "strength": 0.6}
    assert picture(edited) == hub.image(order)


def test_a_form_in_chunks_that_breaks_off_or_has_no_end_is_refused_and_costs_nothing(hub: StabilityHub) -> None:
    before, form = hub.balance(), httpx.Request("POST", hub.url, data={"prompt": FOX}, files={"image": png()})
    kind, whole = {"Content-Type": form.headers["content-type"]}, form.read()
    broken = hub.program.post("/v1/images/edits", content=in_chunks(whole[:-40]), headers=kind)
    assert broken.status_code == 400
    try:
        endless = hub.program.post("/v1/images/edits", content=(bytes(2**20) for _ in range(40)), headers=kind)
    except httpx.WriteError:
        pass  # answered and closed while there was more to send
    else:
        assert (endless.status_code, endless.json()["error"]["code"]) == (413, "request_too_large")
    assert hub.balance() == before


def test_who_leaves_a_stream_finds_the_picture_in_the_history_paid(hub: StabilityHub) -> None:
    before = hub.balance()
    body = {"prompt": FOX, "seed": 11, "stream": True, "partial_images": 1, "quality": "max"}
    with hub.program.stream("POST", "/v1/images/generations", json=body) as answer:
        first = next(line for line in answer.iter_lines() if line.startswith("event: "))
    assert first == "event: image_generation.partial_image"
    made = _newest(hub)
    assert (made["seed"], made["state"]) == (11, "succeeded")
    assert round(before - hub.balance(), 6) == made["price_micro"] / 10_000


def _newest(hub: StabilityHub) -> dict[str, Any]:
    """The newest picture once it has ended."""
    for _ in range(300):
        newest: dict[str, Any] = hub.program.get("/api/v1/generations").json()["results"][0]
        if newest["state"] not in ("queued", "running"):
            return newest
        time.sleep(0.2)
    raise AssertionError("It was not drawn.")

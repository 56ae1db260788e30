"""A whole hub, spoken to in bytes: bodies in chunks, broken ones, and pictures that equal the hub's own API's."""

import io
import socket
from base64 import b64decode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from hub.testing.stack import RunningStack
from tests.factories.stability import png
from tests.stability_hub import DRAWER, UPSCALER, StabilityHub, signed_up

pytestmark = [pytest.mark.stack, pytest.mark.torch]
FOX = "a fox on a blue background"
BOUNDARY = "irodori-boundary"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@pytest.fixture(scope="module")
def hub(running_stack: RunningStack) -> StabilityHub:
    return signed_up(running_stack, "stability-wire@hub-of-tests.org")


def form(fields: dict[str, str], **files: bytes) -> bytes:
    """A form as aiohttp writes it: each part with its own type, files of a type that says nothing."""
    body = io.BytesIO()
    for name, value in fields.items():
        head = f'Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name="{name}"'
        body.write(f"--{BOUNDARY}\r\n{head}\r\n\r\n{value}\r\n".encode())
    for name, content in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{name}"'
        body.write(f"--{BOUNDARY}\r\nContent-Type: application/octet-stream\r\n{head}\r\n\r\n".encode())
        body.write(content + b"\r\n")
    return body.getvalue() + f"--{BOUNDARY}--\r\n".encode()


def in_chunks(body: bytes) -> Iterator[bytes]:
    for first in range(0, len(body), 1000):
        yield body[first : first + 1000]


def picture(answer: httpx.Response) -> bytes:
    assert answer.status_code == 200, answer.text
    [artifact] = answer.json()["artifacts"]
    assert artifact["finishReason"] == "SUCCESS"
    return b64decode(artifact["base64"])


def draw(hub: StabilityHub, **changes: Any) -> httpx.Response:
    body = {"text_prompts": [{"text": FOX}], "seed": 7, "steps": 10} | changes
    return hub.program.post(f"/v1/generation/{DRAWER}/text-to-image", json=body)


def test_a_picture_is_the_one_that_the_hubs_own_api_makes(hub: StabilityHub) -> None:
    plain = picture(draw(hub))
    assert Image.open(io.BytesIO(plain)).size == (128, 128)
    assert plain == hub.image({"prompt": FOX, "seed": 7, "steps": 10})
    prompts = [{"text": "a (red) fox", "weight": 1.5}, {"text": "blue", "weight": -1}]
    rich = draw(hub, text_prompts=prompts, sampler="K_DPMPP_2M", cfg_scale=3, style_preset="origami", steps=12)
    assert picture(rich) == hub.image(
        {
            "prompt": r"(a \(red\) fox:1.5000), origami, folded paper, crisp creases, paper texture",
            "negative_prompt": "blue, photograph of a person, painting",
            "scheduler": "dpmpp_2m",
            "guidance_scale": 3,
            "steps": 12,
            "seed": 7,
        }
    )


def test_a_form_in_chunks_without_a_length_is_read_whole(hub: StabilityHub) -> None:
    start = png(colour="green")
    body = form({"text_prompts[0][text]": FOX, "seed": "9", "image_strength": "0.5", "steps": "10"}, init_image=start)
    address = f"/v1/generation/{DRAWER}/image-to-image"
    chunked = hub.program.post(address, content=in_chunks(body), headers=MULTIPART)
    assert chunked.request.headers["transfer-encoding"] == "chunked"
    sha256 = hub.program.post("/api/v1/pictures", content=start, headers={"Content-Type": "image/png"}).json()["sha256"]
    order = {"prompt": FOX, "seed": 9, "steps": 10, "picture": sha256, "strength": 0.5}
    assert picture(chunked) == picture(hub.program.post(address, content=body, headers=MULTIPART)) == hub.image(order)


def test_json_in_chunks_is_read_too(hub: StabilityHub) -> None:
    body = b'{"text_prompts": [{"text": "' + FOX.encode() + b'"}], "seed": 7, "steps": 10}'
    headers = {"Content-Type": "application/json", "Accept": "image/png"}
    answer = hub.program.post(f"/v1/generation/{DRAWER}/text-to-image", content=in_chunks(body), headers=headers)
    assert (answer.status_code, answer.headers["content-type"], answer.headers["seed"]) == (200, "image/png", "7")
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.content == picture(draw(hub))


def test_a_body_in_chunks_has_a_limit_too(hub: StabilityHub) -> None:
    before = hub.balance()
    body = form({"text_prompts[0][text]": FOX}, init_image=bytes(40 * 2**20))
    try:
        answer = hub.program.post(
            f"/v1/generation/{DRAWER}/image-to-image", content=(body[at : at + 2**20] for at in range(0, len(body), 2**20)),
            headers=MULTIPART,
        )  # fmt: skip
    except httpx.WriteError:
        pass  # answered and closed while there was more to send
    else:
        assert (answer.status_code, answer.json()["name"]) == (400, "invalid_file_size")
    assert hub.balance() == before


def test_an_upscaled_picture_has_the_width_asked_for(hub: StabilityHub) -> None:
    small = picture(draw(hub))
    body, before = form({"width": "512"}, image=small), hub.balance()
    large = hub.program.post(
        f"/v1/generation/{UPSCALER}/image-to-image/upscale", content=in_chunks(body), headers=MULTIPART
    )
    image = Image.open(io.BytesIO(picture(large)))
    assert (image.size, image.format) == ((512, 512), "PNG")
    assert round(before - hub.balance(), 6) == 0.2


def test_engines_say_what_they_are(hub: StabilityHub) -> None:
    engines = {each["id"]: each for each in hub.program.get("/v1/engines/list").json()}
    # Other tests may have published styles on this hub, each once.
    styles = hub.program.get("/api/v1/styles").json()["results"]
    published = {f"{DRAWER}.{each['slug']}.v{each['latest']['number']}" for each in styles}
    assert set(engines) == {DRAWER, UPSCALER, "stable-diffusion-xl-1024-v1-0", "esrgan-v1-x2plus"} | published
    assert "It makes pictures of 128 × 128 pixels alone." in engines[DRAWER]["description"]
    for alias, known in (("stable-diffusion-xl-1024-v1-0", DRAWER), ("esrgan-v1-x2plus", UPSCALER)):
        assert engines[alias]["description"] == f"Another name of {known}. {engines[known]['description']}"
    assert "It is not ESRGAN" in engines["esrgan-v1-x2plus"]["description"]


def head(hub: StabilityHub, *lines: str) -> bytes:
    where = urlsplit(hub.url)
    first = (f"POST /v1/generation/{DRAWER}/image-to-image HTTP/1.1", f"Host: {where.netloc}")
    token = f"Authorization: Bearer {hub.token}"
    return "\r\n".join((*first, token, f"Content-Type: {MULTIPART['Content-Type']}", *lines, "", "")).encode()


def said_to(hub: StabilityHub, sent: bytes) -> bytes:
    """What the hub answers to these bytes once no more come; nothing where it just closes."""
    where = urlsplit(hub.url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        try:
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionResetError:
            return b""


WHOLE = form({"text_prompts[0][text]": FOX, "steps": "10"}, init_image=png())


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ((f"Content-Length: {len(WHOLE)}",), WHOLE[: len(WHOLE) // 2]),
        ((f"Content-Length: {len(WHOLE)}",), b""),
        (("Transfer-Encoding: chunked",), b"%x\r\n%b" % (len(WHOLE), WHOLE[:200])),
        (("Transfer-Encoding: chunked",), b"%x\r\n%b\r\n" % (200, WHOLE[:200])),
        (("Transfer-Encoding: chunked",), b"zz\r\nnonsense\r\n0\r\n\r\n"),
        ((f"Content-Length: {len(WHOLE)}", "Transfer-Encoding: chunked"), b"0\r\n\r\n"),
    ],
    ids=["half", "nothing", "half a chunk", "no last chunk", "no chunks", "both"],
)
def test_a_body_that_breaks_off_is_refused_or_dropped_and_costs_nothing(
    hub: StabilityHub, lines: tuple[str, ...], body: bytes
) -> None:
    before = hub.balance()
    answer = said_to(hub, head(hub, *lines) + body)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:300]
    assert hub.balance() == before
    assert picture(draw(hub))

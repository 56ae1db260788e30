"""A whole hub, spoken to in bytes: bodies that break off, and bodies in chunks, of the API, its tokens and the pages."""

import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from hub.testing.stack import RunningStack
from tests.factories.stability import png
from tests.stability_hub import signed_up

pytestmark = [pytest.mark.stack, pytest.mark.torch]
ORDER = {"base_model": "irodori-small", "prompt": "a fox on a blue background", "width": 128, "height": 128, "steps": 2}
BODY = json.dumps(ORDER).encode()


@dataclass(frozen=True)
class Buyer:
    url: str
    token: str

    @property
    def program(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self.url}/api/v1/", headers={"Authorization": f"Bearer {self.token}"})

    def standing(self) -> tuple[Any, int]:
        """What is in the wallet or held, and how many images there are."""
        return self.program.get("wallet").json(), len(self.program.get("generations").json()["results"])


@pytest.fixture(scope="module")
def buyer(running_stack: RunningStack) -> Buyer:
    hub = signed_up(running_stack, "wire@hub-of-tests.org")
    return Buyer(hub.url, hub.token)


def said_to(buyer: Buyer, path: str, kind: str, lines: tuple[str, ...], body: bytes) -> bytes:
    """What the hub answers to these bytes once no more come; nothing where it just closes."""
    where = urlsplit(buyer.url)
    first = (f"POST /api/v1/{path} HTTP/1.1", f"Host: {where.netloc}", f"Authorization: Bearer {buyer.token}")
    head = "\r\n".join((*first, f"Content-Type: {kind}", *lines, "", "")).encode()
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=20) as connection:
        connection.sendall(head + body)
        connection.shutdown(socket.SHUT_WR)
        try:
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize(("path", "kind", "whole"), [("generations", "application/json", BODY), ("pictures", "image/png", png())])  # fmt: skip
@pytest.mark.parametrize(
    "broken", ["half", "nothing", "all but a byte", "half a chunk", "no last chunk", "no chunks", "both lengths"]
)
def test_a_body_that_breaks_off_is_refused_or_dropped_and_costs_nothing(
    buyer: Buyer, path: str, kind: str, whole: bytes, broken: str
) -> None:
    length, chunked = (f"Content-Length: {len(whole)}",), ("Transfer-Encoding: chunked",)
    lines, body = {
        "half": (length, whole[: len(whole) // 2]),
        "nothing": (length, b""),
        "all but a byte": (length, whole[:-1]),
        "half a chunk": (chunked, b"%x\r\n%b" % (len(whole), whole[: len(whole) // 2])),
        "no last chunk": (chunked, b"%x\r\n%b\r\n" % (len(whole), whole)),
        "no chunks": (chunked, b"zz\r\nnonsense\r\n0\r\n\r\n"),
        "both lengths": ((*length, *chunked), b"0\r\n\r\n"),
    }[broken]
    before = buyer.standing()
    answer = said_to(buyer, path, kind, lines, body)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:300]
    assert buyer.standing() == before


def in_chunks(body: bytes) -> Iterator[bytes]:
    for first in range(0, len(body), 1000):
        yield body[first : first + 1000]


@pytest.mark.parametrize(("path", "kind", "whole"), [("generations", "application/json", BODY), ("pictures", "image/png", png())])  # fmt: skip
def test_a_body_in_chunks_is_read_like_one_whose_length_is_known(
    buyer: Buyer, path: str, kind: str, whole: bytes
) -> None:
    headers = {"Content-Type": kind, "Idempotency-Key": f"in chunks: {path}".replace(" ", "-")}
    chunked = buyer.program.post(path, content=in_chunks(whole), headers=headers)
    assert chunked.request.headers["transfer-encoding"] == "chunked"
    again = buyer.program.post(path, content=whole, headers=headers)
    assert (chunked.is_success, again.status_code, again.json()) == (True, chunked.status_code, chunked.json())


def test_a_body_in_chunks_has_the_limits_of_one_whose_length_is_known(buyer: Buyer) -> None:
    for path, kind, size, code in (
        ("generations", "application/json", 3 * 2**20, (413, "body_too_large")),
        ("pictures", "image/png", 17 * 2**20, (400, "picture_too_large")),
        ("pictures", "image/png", 34 * 2**20, (413, "body_too_large")),
    ):
        chunks = (bytes(2**16) for _ in range(size // 2**16))
        try:
            answer = buyer.program.post(path, content=chunks, headers={"Content-Type": kind})
        except httpx.WriteError:
            continue  # answered and closed while there was more to send
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == code


def test_an_empty_body_in_chunks_is_refused_in_words(buyer: Buyer) -> None:
    refused = buyer.program.post("generations", content=iter(()), headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "required")


def test_a_body_of_http_2_needs_no_length_either(buyer: Buyer) -> None:
    asked = ("curl", "-s", "--http2-prior-knowledge", f"{buyer.url}/api/v1/quotes", "-T", "-", "-X", "POST")
    headers = ("-H", f"Authorization: Bearer {buyer.token}", "-H", "Content-Type: application/json")
    command = [*asked, *headers, "-w", "\n%{http_version} %{http_code}"]
    body, told = subprocess.run(command, input=BODY, capture_output=True, check=True).stdout.splitlines()
    assert told == b"2 200", body
    quoted = buyer.program.post("quotes", content=BODY, headers={"Content-Type": "application/json"}).json()
    assert json.loads(body)["compute_micro"] == quoted["compute_micro"]


def test_the_token_endpoint_reads_chunks_too_and_refuses_in_its_own_words(buyer: Buyer) -> None:
    def ask(body: bytes) -> tuple[int, str]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = httpx.post(f"{buyer.url}/oauth/token", content=in_chunks(body), headers=headers)
        return answer.status_code, answer.json()["error"]

    whole = b"grant_type=client_credentials&client_id=none&client_secret=none"
    assert ask(whole) == (401, "invalid_client")
    # Who the client is would be asked next, of a body that was not read too.
    assert ask(whole + b"&client_id=none") == (400, "invalid_request")


def test_a_form_of_a_page_may_come_in_chunks(buyer: Buyer) -> None:
    session = httpx.Client(base_url=buyer.url)
    session.get("/accounts/login/")
    said = {"login": "wire@hub-of-tests.org", "password": "vermilion-and-teal-42", "csrfmiddlewaretoken": session.cookies["csrftoken"]}  # fmt: skip
    form = httpx.Request("POST", buyer.url, data=said, files={"picture": png()})
    kind, body = {"Content-Type": form.headers["content-type"]}, form.read()
    without_token = body.partition(b"csrfmiddlewaretoken")[0]
    refused = session.post("/accounts/login/", content=in_chunks(without_token), headers=kind)
    entered = session.post("/accounts/login/", content=in_chunks(body), headers=kind)
    assert (refused.status_code, entered.status_code, entered.headers["location"]) == (403, 302, "/")


def test_what_is_left_of_the_limits_is_said_over_the_wire(buyer: Buyer) -> None:
    answers = [buyer.program.get("wallet") for _ in range(2)]
    left = [int(answer.headers["RateLimit"].partition(";r=")[2].partition(";")[0]) for answer in answers]
    assert left[0] - left[1] == 1
    assert answers[0].headers["RateLimit-Policy"] == '"key";q=900;w=60, "person";q=1200;w=60'

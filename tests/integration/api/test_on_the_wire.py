"""A whole hub, spoken to in bytes: bodies that break off, and bodies in chunks."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from hub.local.stamp import ROOT
from hub.local.visitor import Visitor
from hub.testing.stack import RunningStack
from tests.factories.stability import png

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
    environment = {**os.environ, **running_stack.env, "DJANGO_SETTINGS_MODULE": "hub.settings"}
    command = [sys.executable, str(ROOT / "manage.py"), "seed_demo"]
    subprocess.run(command, env=environment, check=True, capture_output=True, cwd=ROOT)
    visitor = Visitor(running_stack.url)
    visitor.sign_up("wire@hub-of-tests.org", "Wire", "vermilion-and-teal-42")
    visitor.top_up(5_000_000)
    return Buyer(running_stack.url, visitor.make_token("wire"))


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


def test_a_body_in_chunks_is_refused_for_it_can_not_be_told_whole_from_broken(buyer: Buyer) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (BODY[:20], BODY[20:])

    refused = buyer.program.post("quotes", content=chunks(), headers={"Content-Type": "application/json"})
    assert refused.request.headers["transfer-encoding"] == "chunked"
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (411, "length_required")
    assert buyer.program.post("quotes", content=BODY, headers={"Content-Type": "application/json"}).status_code == 200


def test_what_is_left_of_the_limits_is_said_over_the_wire(buyer: Buyer) -> None:
    answers = [buyer.program.get("wallet") for _ in range(2)]
    left = [int(answer.headers["RateLimit"].partition(";r=")[2].partition(";")[0]) for answer in answers]
    assert left[0] - left[1] == 1
    assert answers[0].headers["RateLimit-Policy"] == '"key";q=900;w=60, "person";q=1200;w=60'

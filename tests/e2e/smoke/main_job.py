"""The four steps. Each takes what the earlier ones made and raises when the hub does not keep its word."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from celery import Celery
from PIL import Image as Pictures

from hub.jobs import FINGERPRINT_COMMAND
from hub.local import shipped
from hub.local.visitor import Visitor
from hub.testing.stack import RunningStack
from tests.e2e.smoke.orders import (
    KILL_PATIENCE_S,
    KILLS,
    LONG_PICTURE,
    LORA_WEIGHT,
    LORAS,
    PRICE_MICRO,
    SHARE_BP,
    TOP_UP_MICRO,
    order,
    terms,
)
from tests.e2e.smoke.people import PASSWORD, Image, Program

MIN_FINE_TUNE_BYTES = 12 * 2**20
PART_BYTES = 5 * 2**20


@dataclass
class MainJob:
    """`files` is where plain_diffusers writes; `first_image` is called when the buyer has one."""

    stack: RunningStack
    files: Path
    reference: "subprocess.Popen[bytes]"
    first_image: Callable[[], None]
    creator: Program = field(init=False)
    buyer: Program = field(init=False)
    versions: dict[str, int] = field(default_factory=dict)
    images: list[Image] = field(default_factory=list)

    def creator_publishes(self) -> str:
        self.creator = self._newcomer("creator")
        _wait_for(self.files / "files.done", self.reference)
        parts = {}
        fine_tune = self.files / "fine-tune.safetensors"
        for path in (*(shipped.STYLES / f"{name}.safetensors" for name in LORAS), fine_tune):
            name = path.stem
            upload = self.creator.upload(path, shipped.BASE_MODEL)
            parts[name] = upload.part_count
            self.versions[name] = self.creator.publish(upload.id, terms(f"Smoke {name}"))
        size = fine_tune.stat().st_size
        assert size >= MIN_FINE_TUNE_BYTES, f"the fine-tune has only {size} bytes"
        assert parts == {**dict.fromkeys(LORAS, 1), "fine-tune": -(-size // PART_BYTES)}, parts
        return f"{len(LORAS)} LoRAs in 1 part each, a fine-tune of {size / 2**20:.1f} MiB in {parts['fine-tune']}"

    def buyer_generates(self) -> str:
        self.buyer = self._newcomer("buyer", top_up=True)
        before = self._fingerprint()
        first, *others = LORAS
        drawn = {first: self._draw(order(self.versions[first], LORA_WEIGHT))}
        self.first_image()
        drawn |= {name: self._draw(order(self.versions[name], LORA_WEIGHT)) for name in others}
        drawn |= {"fine-tune": self._draw(order(self.versions["fine-tune"])), "plain": self._draw(order())}
        again = self._draw(order(self.versions[first], LORA_WEIGHT))
        assert again.content == drawn[first].content, "the same request again gave other bytes"
        assert self.reference.wait(timeout=120) == 0, "plain diffusers failed"
        worst = {name: _difference(image.content, self.files / f"{name}.png") for name, image in drawn.items()}
        assert max(worst.values()) <= 1, f"levels away from plain diffusers: {worst}"
        assert len({image.content for image in drawn.values()}) == len(drawn), "a style changed nothing"
        assert self._fingerprint() == before, "the base was not restored"
        return f"at most {max(worst.values())} level from plain diffusers, the same again, base unchanged"

    def creator_earns(self) -> str:
        paid = sum(PRICE_MICRO for image in self.images if image.answer["adapters"])
        earned, expected = self.creator.get("earnings")["earnings_micro"], paid * SHARE_BP // 10_000
        assert earned == expected, f"earned {earned}, expected {expected}"
        self._check_wallet()
        return f"{earned} micro-units of {paid}; all entries sum to zero"

    def crashes_cost_nothing(self) -> str:
        before = self._fingerprint()
        took = [self._survive_a_crash(number) for number in range(1, KILLS + 1)]
        self._check_wallet()
        assert self._fingerprint() == before, "the base was not restored"
        return f"{KILLS} times one image and one charge, after {', '.join(f'{seconds:.0f}' for seconds in took)} s"

    def _survive_a_crash(self, number: int) -> float:
        asked = self.buyer.post(
            "generations", order(self.versions[LORAS[0]], LORA_WEIGHT, **{**LONG_PICTURE, "seed": number})
        )
        killed = self._kill_at_a_third(asked["id"])
        image = self.buyer.wait_for_image(asked["id"], KILL_PATIENCE_S)
        self.images.append(image)
        seconds = time.monotonic() - killed
        assert seconds <= KILL_PATIENCE_S, f"the image came {seconds:.0f} s after the crash"
        return seconds

    def _kill_at_a_third(self, id: str) -> float:  # noqa: A002 - the API's word
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = self.buyer.get(f"generations/{id}")
            assert answer["state"] in {"queued", "running"}, f"over before its progress was seen: {answer}"
            if answer["step"] / answer["steps"] > 0.3:
                os.kill(self.stack.pid_of("generate"), signal.SIGKILL)
                return time.monotonic()
            time.sleep(0.05)
        raise AssertionError("the generation never passed 30 %")

    def _newcomer(self, who: str, *, top_up: bool = False) -> Program:
        visitor = Visitor(self.stack.url)
        visitor.sign_up(f"{who}@smoke.example", f"Smoke {who}", PASSWORD)
        if top_up:
            visitor.top_up(TOP_UP_MICRO)
        return Program(self.stack.url, visitor.make_token("smoke"))

    def _draw(self, asked: dict[str, Any]) -> Image:
        image = self.buyer.generate(asked)
        self.images.append(image)
        return image

    def _check_wallet(self) -> None:
        """The buyer paid each image once; the ledger agrees, and nothing is left held."""
        spent = sum(image.answer["price_micro"] for image in self.images)
        wallet = self.buyer.get("wallet")
        expected = {"balance_micro": TOP_UP_MICRO - spent, "held_micro": 0, "currency": "USD"}
        assert wallet == expected, f"wallet is {wallet}, expected {expected}"
        books = self._audit()
        assert books["sum"] == 0, f"all entries sum to {books['sum']}"
        charged = {image.answer["id"]: ["capture", "hold"] for image in self.images}
        assert books["generations"] == charged, "an image was not charged exactly once"

    def _audit(self) -> dict[str, Any]:
        answer = subprocess.run(
            [sys.executable, "-m", "tests.e2e.smoke.audit"],
            env={**self.stack.env, "DJANGO_SETTINGS_MODULE": "hub.settings"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
        return found

    def _fingerprint(self) -> dict[str, str]:
        """The hash of the base that the serving worker holds now, read by that worker."""
        app = Celery(broker=self.stack.env["HUB_BROKER_URL"])
        asked: dict[str, Any] = {"pattern": "generate@*", "matcher": "glob", "reply": True, "timeout": 10, "limit": 1}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for reply in app.control.broadcast(FINGERPRINT_COMMAND, **asked) or []:
                return dict(next(iter(reply.values())))
        raise AssertionError("no serving worker told the hash of its base")


def _difference(content: bytes, reference: Path) -> int:
    """The largest distance of any channel of any pixel, in levels of 255."""
    ours, theirs = (
        np.asarray(Pictures.open(file).convert("RGB"), dtype=np.int16) for file in (io.BytesIO(content), reference)
    )
    assert ours.shape == theirs.shape
    return int(np.abs(ours - theirs).max())


def _wait_for(path: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 90
    while not path.exists():
        assert process.poll() is None, "the process that writes the uploads ended early"
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.05)

"""A hub of its own for programs of APIs that were first others': the small base and the upscaler, and somebody with credit."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hub.client import HubClient
from hub.local import shipped
from hub.local.demo_styles import DemoStyle
from hub.local.stamp import ROOT
from hub.local.visitor import Visitor, checked
from hub.testing.stack import RunningStack, running_stack
from tests.founder import Founder

EMAIL, PASSWORD, PAID_MICRO = "program@hub-of-tests.org", "vermilion-and-teal-42", 20_000_000
DRAWER, UPSCALER = "irodori-small", "irodori-x2"


@dataclass(frozen=True)
class StabilityHub:
    url: str
    token: str

    @property
    def program(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=120, headers={"Authorization": f"Bearer {self.token}"})

    def balance(self) -> float:
        credits_: float = checked(self.program.get("/v1/user/balance")).json()["credits"]
        return credits_

    def organisation(self, name: str) -> tuple[str, str]:
        """A new one's name in addresses, and a key of its own."""
        founder = Founder(self.url)
        founder.sign_up("founder@hub-of-tests.org", "Founder", PASSWORD)
        slug = founder.found(name)
        return slug, founder.key_of(slug, ["everything"])

    def publish(self, style: DemoStyle) -> tuple[int, str]:
        """A published version of the small base, and its id as an engine."""
        with HubClient(self.url, self.token) as creator:
            upload = creator.upload_file(shipped.STYLES / style.file_name, base_model=DRAWER)
            version = creator.publish(creator.wait_for_upload(upload.id).id, style.terms | {"example_prompts": ()}).id
        published = checked(self.program.get("/api/v1/styles")).json()["results"]
        [slug] = [each["slug"] for each in published if each["latest"]["id"] == version]
        return version, f"{DRAWER}.{slug}.v1"

    def image(self, order: dict[str, Any]) -> bytes:
        """The same by the hub's own API: ordered, awaited, fetched."""
        with HubClient(self.url, self.token) as client:
            made = client.wait_for_generation(client.generate({"base_model": DRAWER, **order}).id)
        return checked(self.program.get(f"/api/v1/generations/{made.id}/image")).content


@contextmanager
def stability_hub(folder: Path) -> Iterator[StabilityHub]:
    """One that nobody else has published on."""
    with running_stack(folder) as stack:
        yield signed_up(stack, EMAIL)


def signed_up(stack: RunningStack, email: str) -> StabilityHub:
    """Somebody new with credit on a hub that runs, which has the small base and the upscaler from then on."""
    seed(stack)
    visitor = Visitor(stack.url)
    visitor.sign_up(email, "Program", PASSWORD)
    visitor.top_up(PAID_MICRO)
    return StabilityHub(stack.url, visitor.make_token("program"))


def seed(stack: RunningStack) -> None:
    environment = {**os.environ, **stack.env, "DJANGO_SETTINGS_MODULE": "hub.settings"}
    command = [sys.executable, str(ROOT / "manage.py"), "seed_demo"]
    subprocess.run(command, env=environment, check=True, capture_output=True, cwd=ROOT)

"""docs/how-to/license-as-a-partner.md, followed from sign-up to a verified receipt of an image that a worker draws."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from docs.generate.pages import ROOT
from hub.client import HubClient
from hub.local import shipped
from hub.local.demo_styles import STYLES
from hub.local.visitor import Visitor, checked
from hub.receipts import KEYS_ADDRESS, Kind, keys_of, read
from hub.testing.stack import RunningStack
from tests.founder import Founder
from tests.needed import lacking

PAGE = (ROOT / "docs/how-to/license-as-a-partner.md").read_text()
PASSWORD, PAID_MICRO, PREPAID = "vermilion-and-teal-42", 20_000_000, 100
pytestmark = [pytest.mark.stack, pytest.mark.torch]


@pytest.fixture(autouse=True)
def _tools() -> None:
    """What the page says it needs."""
    for name in ("curl", "jq"):
        if shutil.which(name) is None:
            lacking(f"{name} is not installed. Install it (apt install {name}).")


@pytest.fixture(scope="module")
def _style(running_stack: RunningStack) -> None:
    """One that may be licensed, by a creator of their own."""
    creator = Visitor(running_stack.url)
    creator.sign_up("creator-for-partners@example.org", "Mara", PASSWORD)
    with HubClient(running_stack.url, creator.make_token("publish")) as program:
        upload = program.upload_file(shipped.STYLES / STYLES[1].file_name, base_model=shipped.BASE_MODEL)
        program.publish(program.wait_for_upload(upload.id).id, STYLES[1].terms | {"example_prompts": ()})


@dataclass(frozen=True)
class Partner:
    """An organisation that a person made on the pages, with credit and a key, as the first step of the page says."""

    slug: str
    program: httpx.Client
    environment: dict[str, str]

    def asked(self, address: str) -> Any:
        return checked(self.program.get(address)).json()


@pytest.fixture
def partner(running_stack: RunningStack, _style: None, request: pytest.FixtureRequest) -> Partner:
    url, name = running_stack.url, request.node.name
    founder = Founder(url)
    founder.sign_up(f"{name}@example.org", "Lena Okafor", PASSWORD)
    slug = founder.found(name.replace("_", " ")[:60])
    founder.top_up_organisation(slug, PAID_MICRO)
    key = founder.key_of(slug, scopes_of_the_page())
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"HUB": url, "KEY": key, "PATH": path, "PYTHONPATH": str(ROOT)}
    # Its wallet is read by another key: the page asks for no more than it needs.
    reader = founder.key_of(slug, ["everything"])
    return Partner(slug, httpx.Client(base_url=url, headers={"Authorization": f"Bearer {reader}"}), environment)


def scopes_of_the_page() -> list[str]:
    said = re.search(r"with the scopes ([^.]+)\.", PAGE)
    assert said is not None
    return re.findall(r"`([^`]+)`", said[1])


def blocks(language: str) -> list[str]:
    return [found for found in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if "KEY=..." not in found]


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_commands_of_the_page_end_with_a_verified_receipt(partner: Partner, tmp_path: Path) -> None:
    printed = run(["bash", "-euo", "pipefail", "-c", "\n".join(blocks("sh"))], tmp_path, partner.environment)
    ordered = partner.asked("/api/v1/generations")["results"]  # one alone and two as a batch
    assert "Genuine: a receipt of" in printed
    assert "image.png is this image, to the byte." in printed
    image = (tmp_path / "image.png").read_bytes()
    assert Image.open(io.BytesIO(image)).size == (128, 128)
    hashes = {each["image"]["sha256"]: each for each in ordered if each["image"]}
    made = hashes[hashlib.sha256(image).hexdigest()]
    trusted = keys_of(partner.asked(KEYS_ADDRESS))
    receipts = [read((tmp_path / name).read_text(), trusted, Kind.RECEIPT) for name in ("grant.jws", "receipt.jws")]
    told = [(receipt["kind"], receipt["licensee"]["organisation"]) for receipt in receipts]
    assert told == [("grant", partner.slug), ("image", partner.slug)]
    assert made["id"] in (tmp_path / "usage.csv").read_text()
    prices = [each["price_micro"] for each in ordered]
    assert (len(prices), partner.asked("/api/v1/wallet")["balance_micro"]) == (3, PAID_MICRO - sum(prices))


def test_the_program_of_the_page_does_the_same(partner: Partner, tmp_path: Path) -> None:
    [program] = blocks("python")
    printed = run([sys.executable, "-c", program], tmp_path, partner.environment)
    [made] = partner.asked("/api/v1/generations")["results"]
    [grant] = partner.asked("/api/v1/partner/grants")["results"]
    assert printed.startswith("Licensed to ")
    assert made["image"]["sha256"][:12] in printed
    prepaid = PREPAID * grant["agreement"]["unit_price_micro"]
    assert partner.asked("/api/v1/wallet")["balance_micro"] == PAID_MICRO - prepaid - made["price_micro"]

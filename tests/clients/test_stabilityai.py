"""PyPI's `stabilityai` 1.0.5, as it comes, through every public method: its pictures equal those of the hub's own API.

It pins old releases, so it gets an environment of its own. `make test-clients` runs this.
"""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.factories.stability import png
from tests.needed import lacking
from tests.stability_hub import DRAWER, EMAIL, UPSCALER, StabilityHub

pytestmark = [pytest.mark.slow, pytest.mark.stack, pytest.mark.torch]
PACKAGE = "stabilityai==1.0.5"
PROGRAM = Path(__file__).with_name("stabilityai_program.py")
PROMPT = "a fox on a blue background"
START = png(colour="green")
EVERYTHING = {
    "prompt": f"({PROMPT}:1.2500), line art, clean black lines, white background, minimal",
    "negative_prompt": "red, colour, shading, photograph",
    "guidance_scale": 3.0,
    "scheduler": "dpm2",
    "steps": 11,
}


@dataclass(frozen=True)
class Client:
    """The client's own interpreter, and the hub that it is told of."""

    python: Path
    folder: Path
    hub: StabilityHub
    version: int
    version_engine: str

    def call(self, name: str, **changes: str) -> Any:
        """What the client made of the answer."""
        environment = {
            "PATH": os.environ["PATH"],
            "STABILITY_API_HOST": self.hub.url,
            "STABILITY_API_KEY": f"sk-{self.hub.token}",
            "VERSION": self.version_engine,
            "START": base64.b64encode(START).decode(),
        }
        result = self.folder / "result.json"
        ended = subprocess.run(
            [self.python, PROGRAM, name, result], env=environment | changes, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(result.read_text())

    def pictures(self, name: str) -> list[tuple[int, bytes]]:
        """Seed and bytes of each."""
        answer = self.call(name)
        assert [each["finishReason"] for each in answer["artifacts"]] == ["SUCCESS"] * len(answer["artifacts"])
        return [(int(each["seed"]), base64.b64decode(each["base64"])) for each in answer["artifacts"]]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, hub: StabilityHub, style: tuple[int, str]) -> Client:
    folder = tmp_path_factory.mktemp("stabilityai")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]
    ended = subprocess.run(install, capture_output=True, text=True, check=False)
    if ended.returncode:
        lacking(f"{PACKAGE} can't be installed here: {ended.stderr.strip().splitlines()[-1]}")
    return Client(python, folder, hub, *style)


def of_hub(client: Client, **order: Any) -> bytes:
    return client.hub.image({"prompt": PROMPT, **order})


def test_engines_account_and_balance(client: Client) -> None:
    found = client.call("models")
    assert found["balance"] == {"credits": client.hub.balance()}
    assert {DRAWER, UPSCALER, client.version_engine, "stable-diffusion-xl-1024-v1-0", "esrgan-v1-x2plus"} == set(
        found["engines"]
    )
    [own] = found["account"]["organizations"]
    assert (found["account"]["email"], own["name"], own["is_default"]) == (EMAIL, "Program", True)


def test_text_to_image_with_nothing_but_a_prompt(client: Client) -> None:
    [(seed, made)] = client.pictures("text")
    assert made == of_hub(client, seed=seed)


def test_text_to_image_with_everything(client: Client) -> None:
    made = client.pictures("text, all")
    assert made == [(seed, client.hub.image({**EVERYTHING, "seed": seed})) for seed in (41, 42)]


def test_the_simple_call(client: Client) -> None:
    [(seed, made)] = client.pictures("simple")
    order = {
        "prompt": f"{PROMPT}, digital art, vivid colours, smooth shading, detailed",
        "negative_prompt": "photograph, grainy",
    }
    assert made == client.hub.image({**order, "seed": seed})


def test_a_size_that_the_base_cant_make_is_the_clients_own_error(client: Client) -> None:
    before = client.hub.balance()
    assert client.call("simple, by default") == {"error": "YouAreHoldingItWrong"}
    assert client.hub.balance() == before


def test_image_to_image(client: Client) -> None:
    picture = stored(client)
    [(seed, made)] = client.pictures("image")
    assert made == of_hub(client, seed=seed, picture=picture, strength=0.6)


def test_image_to_image_with_everything(client: Client) -> None:
    order = {**EVERYTHING, "picture": stored(client), "strength": 0.6}
    assert client.pictures("image, all") == [(seed, client.hub.image({**order, "seed": seed})) for seed in (41, 42)]


@pytest.mark.parametrize(("call", "weight"), [("version", 1.0), ("mix", 0.5)])
def test_a_published_version_draws_as_an_engine_and_in_a_mix(client: Client, call: str, weight: float) -> None:
    adapters = [{"version": client.version, "weight": weight}]
    order = {"adapters": adapters, "seed": 5, "steps": 10, "width": 128, "height": 128}
    assert client.pictures(f"{call}, text") == [(5, drawn := of_hub(client, **order))]
    started = of_hub(client, **order, picture=stored(client), strength=0.6)
    assert client.pictures(f"{call}, image") == [(5, started)]
    plain = of_hub(client, **order | {"adapters": []})
    assert len({drawn, started, plain}) == 3


def test_the_client_takes_an_organisations_account(client: Client) -> None:
    """By its own model, which refuses an address that is none."""
    slug, key = client.hub.organisation("Film Archive")
    account = client.call("models", STABILITY_API_KEY=key)["account"]
    assert (account["organizations"][0]["name"], slug) == ("Film Archive", "film-archive")


def test_upscale(client: Client) -> None:
    [(seed, made)] = client.pictures("upscale")
    assert Image.open(io.BytesIO(made)).size == (1024, 1024)
    order = {"base_model": UPSCALER, "picture": stored(client), "strength": 1.0, "width": 1024, "height": 1024}
    assert made == of_hub(client, seed=seed, **order)


@pytest.mark.parametrize(
    ("call", "changes", "error"),
    [
        ("nowhere", {}, "ResourceNotFound"),
        ("text", {"STABILITY_API_KEY": "sk-wrong"}, "ApiKeyIsMissingOrInvalid"),
        ("text", {"STABILITY_CLIENT_ORGANIZATION": "org-other"}, "ImAfraidICantLetYouDoThat"),
    ],
)
def test_refusals_are_the_clients_own_errors(client: Client, call: str, changes: dict[str, str], error: str) -> None:
    assert client.call(call, **changes) == {"error": error}


def stored(client: Client) -> str:
    """The picture by which orders start, sent by the hub's own API."""
    answer = client.hub.program.post("/api/v1/pictures", content=START, headers={"Content-Type": "image/png"})
    assert answer.json() == {"sha256": hashlib.sha256(START).hexdigest()}
    return str(answer.json()["sha256"])

"""PyPI's `openai`, as it comes, through every public method of models and images: its pictures equal those of the hub's own API.

It gets an environment of its own, as programs have. `make test-clients` runs this.
"""

import base64
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

from hub.local.visitor import Visitor, checked
from tests.factories.stability import png
from tests.needed import lacking
from tests.stability_hub import DRAWER, PASSWORD, StabilityHub

pytestmark = [pytest.mark.slow, pytest.mark.stack, pytest.mark.torch]
PACKAGE = "openai==3.57.0"
CONSTRAINTS = Path(__file__).with_name("openai_constraints.txt")
PROGRAM = Path(__file__).with_name("openai_program.py")
PROMPT = "a fox on a blue background"
START = png(colour="green")


def half_transparent() -> bytes:
    image = Image.new("RGBA", (128, 128), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 64, 128))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def white_where_transparent() -> bytes:
    image = Image.new("L", (128, 128), 0)
    image.paste(255, (0, 0, 64, 128))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


@dataclass(frozen=True)
class Client:
    """The client's own interpreter, and the hub that it is told of. `way` is sync or async."""

    python: Path
    folder: Path
    hub: StabilityHub
    version: int
    style_id: str
    way: str

    def call(self, name: str, **changes: str) -> Any:
        """What the client made of the answer."""
        environment = {
            "PATH": os.environ["PATH"],
            "OPENAI_BASE_URL": f"{self.hub.url}/v1",
            "OPENAI_API_KEY": self.hub.token,
            "START": base64.b64encode(START).decode(),
            "MASK": base64.b64encode(half_transparent()).decode(),
            "STYLE": self.style_id,
        }
        result = self.folder / "result.json"
        command: list[str | Path] = [self.python, PROGRAM, self.way, name, result]
        ended = subprocess.run(command, env=environment | changes, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return json.loads(result.read_text())

    def of_hub(self, **order: Any) -> bytes:
        return self.hub.image({"prompt": PROMPT, **order})

    def stored(self, content: bytes) -> str:
        """A picture by which orders start, sent by the hub's own API."""
        answer = self.hub.program.post("/api/v1/pictures", content=content, headers={"Content-Type": "image/png"})
        return str(checked(answer).json()["sha256"])

    def steps(self, part: float) -> int:
        [base] = checked(self.hub.program.get("/api/v1/base-models")).json()
        return min(150, round(part * int(base["default_steps"])))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("openai")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        str(CONSTRAINTS),
        PACKAGE,
    ]
    ended = subprocess.run(install, capture_output=True, text=True, check=False)
    if ended.returncode:
        lacking(f"{PACKAGE} can't be installed here: {ended.stderr.strip().splitlines()[-1]}")
    return python


@pytest.fixture(params=["sync", "async"])
def client(
    installed: Path, hub: StabilityHub, style: tuple[int, str], tmp_path: Path, request: pytest.FixtureRequest
) -> Client:
    return Client(installed, tmp_path, hub, *style, request.param)


def picture(item: dict[str, Any]) -> bytes:
    return base64.b64decode(item.get("fetched") or item["b64_json"])


def same(content: bytes, other: bytes) -> bool:
    """As far as a lossy format can tell."""
    one, two = (Image.open(io.BytesIO(each)).convert("RGB") for each in (content, other))
    pairs = zip(one.tobytes(), two.tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / len(one.tobytes()) < 6


def test_models(client: Client) -> None:
    models = {each["id"]: each for each in client.call("models")}
    assert {DRAWER, client.style_id, "gpt-image-1", "dall-e-3"} <= set(models)
    assert "irodori-x2" not in models
    assert {each["object"] for each in models.values()} == {"model"}
    assert client.call("model") == models[DRAWER]
    assert client.call("delete") == {
        "error": "APIStatusError", "status": 405, "code": "method_not_supported", "param": None,
    }  # fmt: skip


@pytest.mark.parametrize("call", ["generate", "generate, raw", "generate, gpt-image-1"])
def test_generate_with_nothing_but_a_prompt(client: Client, call: str) -> None:
    made = client.call(call)
    [item] = made["data"]
    assert (made["output_format"], made["background"], made["quality"], made["size"]) == (
        *("png", "opaque", "medium"),
        "128x128",
    )
    assert made["usage"]["total_tokens"] == 7 + 64
    assert picture(item) == client.of_hub(seed=item["seed"])


def test_generate_with_everything(client: Client) -> None:
    made = client.call("generate, all")
    assert (made["safety_identifier"], made["quality"], made["output_format"]) == ("hash-of-someone", "low", "webp")
    order = {
        "prompt": f"{PROMPT}, natural colours, soft light",
        "negative_prompt": "red",
        "steps": client.steps(0.5),
        "adapters": [{"version": client.version, "weight": 0.5}],
    }
    assert [(each["seed"], each["revised_prompt"]) for each in made["data"]] == [
        (seed, order["prompt"]) for seed in (41, 42)
    ]
    for item in made["data"]:
        assert Image.open(io.BytesIO(picture(item))).format == "WEBP"
        assert same(picture(item), client.of_hub(**order, seed=item["seed"]))


def test_a_style_is_a_model(client: Client) -> None:
    [item] = client.call("generate, a style")["data"]
    adapters = [{"version": client.version, "weight": 1.0}]
    assert picture(item) == client.of_hub(seed=item["seed"], adapters=adapters)


def test_addresses_of_pictures(client: Client) -> None:
    for call, order in (
        ("generate, addresses", {}),
        ("edit, addresses", {"picture": client.stored(START), "strength": 0.6}),
    ):
        for item in client.call(call)["data"]:
            assert item["b64_json"] is None
            assert picture(item) == client.of_hub(seed=item["seed"], **order)


def test_edit(client: Client) -> None:
    [item] = client.call("edit")["data"]
    assert picture(item) == client.of_hub(seed=item["seed"], picture=client.stored(START), strength=0.6)


def test_edit_with_everything(client: Client) -> None:
    order = {
        "negative_prompt": "red",
        "steps": client.steps(0.5),
        "adapters": [{"version": client.version, "weight": 0.5}],
        "picture": client.stored(START),
        "mask": client.stored(white_where_transparent()),
        "strength": 0.75,
    }
    made = client.call("edit, all")
    assert [each["seed"] for each in made["data"]] == [41, 42]
    for item in made["data"]:
        assert same(picture(item), client.of_hub(**order, seed=item["seed"]))


def test_a_stream_without_partial_images(client: Client) -> None:
    [completed] = client.call("generate, stream")
    assert completed["type"] == "image_generation.completed"
    assert picture(completed) == client.of_hub(seed=completed["seed"])


def test_a_stream_with_partial_images(client: Client) -> None:
    *partial, completed = client.call("generate, partial")
    assert [(each["type"], each["partial_image_index"]) for each in partial] == [
        ("image_generation.partial_image", place) for place in range(len(partial))
    ]
    assert 1 <= len(partial) <= 2
    final = client.of_hub(seed=completed["seed"], steps=client.steps(3))
    assert completed["safety_identifier"] == "someone"
    assert same(picture(completed), final)
    for each in (*partial, completed):
        image = Image.open(io.BytesIO(picture(each)))
        assert (image.format, image.size, each["size"], each["output_format"]) == (
            *("JPEG", (128, 128), "128x128"),
            "jpeg",
        )


def test_an_edit_is_streamed_too(client: Client) -> None:
    *partial, completed = client.call("edit, partial")
    assert [(each["type"], each["partial_image_index"]) for each in partial] == [("image_edit.partial_image", 0)]
    order = {"picture": client.stored(START), "strength": 0.6, "steps": client.steps(3)}
    assert (completed["type"], completed["seed"]) == ("image_edit.completed", 43)
    assert picture(completed) == client.of_hub(**order, seed=43)


@pytest.mark.parametrize(
    ("call", "changes", "error"),
    [
        ("variation", {}, ("NotFoundError", 404, "unknown_url", None)),
        ("transparent", {}, ("BadRequestError", 400, "unsupported_value", "background")),
        ("nowhere", {}, ("NotFoundError", 404, "model_not_found", "model")),
        ("large", {}, ("BadRequestError", 400, "invalid_value", "size")),
        ("edit, several", {}, ("BadRequestError", 400, "unsupported_value", "image")),
        ("models", {"OPENAI_API_KEY": "wrong"}, ("AuthenticationError", 401, "invalid_api_key", None)),
        ("generate", {"OPENAI_ORG_ID": "org-x"}, ("AuthenticationError", 401, "mismatched_organization", None)),
        ("generate", {"OPENAI_PROJECT_ID": "p"}, ("AuthenticationError", 401, "mismatched_project", None)),
    ],
)
def test_refusals_are_the_clients_own_errors_and_cost_nothing(
    client: Client, call: str, changes: dict[str, str], error: tuple[str, int, str, str | None]
) -> None:
    before = client.hub.balance()
    assert client.call(call, **changes) == dict(zip(("error", "status", "code", "param"), error, strict=True))
    assert client.hub.balance() == before


def test_who_has_no_credit_is_told_so_once(client: Client) -> None:
    poor = Visitor(client.hub.url)
    poor.sign_up(f"poor-{client.way}@hub-of-tests.org", "Poor", PASSWORD)
    told = client.call("generate, stream", OPENAI_API_KEY=poor.make_token("openai"))
    assert told == {"error": "RateLimitError", "status": 429, "code": "insufficient_quota", "param": None}

"""The typed client and the `irodori upload` command, against the real site and a real store."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import hub.client
from hub.cli.upload import OTHER_TERMS, REQUIRED_TERMS
from hub.cli.upload import upload as upload_command
from hub.client import HubClient, RefusedError, UnreachableError
from marketplace.accounts.tokens import create_token
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.publish_serializers import PublishSerializer
from marketplace.uploads.models import Upload
from tests.factories.accounts import make_user
from tests.factories.catalogue import tiny_sdxl_base
from tests.factories.playing import play_the_upload_workers
from tests.factories.site import SITE_URL, SiteTransport
from tests.factories.tensor_files import MODULE, lora_file, tensor_file

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
TERMS = {
    "title": "Washed Ink",
    "sample_prompt": "a harbour at dawn",
    "licence": "CC0-1.0",
    "price_micro": 10_000,
    "creator_share_bp": 7_000,
    "training_sources": [{"name": "Mine", "consent": "own_work"}],
}
GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "use-the-api.md"


def toml_of_the_guide() -> str:
    """The example that people copy."""
    [block] = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return str(block)


def make_token() -> str:
    tiny_sdxl_base()
    return create_token(user=make_user())[1]


def client(**changes: Any) -> HubClient:
    return HubClient(SITE_URL, make_token(), transport=SiteTransport(play_the_upload_workers), **changes)


def file_in(folder: Path, content: bytes, name: str = "ink.safetensors") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_file_in_two_parts_is_sent_checked_and_published(tmp_path: Path) -> None:
    content = tensor_file(
        {
            f"{MODULE}.lora_down.weight": np.ones((4, 2**18), np.float32),
            f"{MODULE}.lora_up.weight": np.ones((2**18, 4), np.float16),
        }
    )
    told: dict[int, int] = {}

    def progress(part: int, length: int, sent: int) -> None:
        told[part] = told.get(part, 0) + sent
        assert told[part] <= length

    with client() as hub_client:
        sent = hub_client.upload_file(file_in(tmp_path, content), base_model="tiny-sdxl", progress=progress)
        ready = hub_client.wait_for_upload(sent.id)
        version = hub_client.publish(ready.id, TERMS)
    assert told == {1: 5 * 2**20, 2: len(content) - 5 * 2**20}
    assert (ready.state, ready.kind) == ("ready", "lora")
    assert StyleVersion.objects.get().pk == version.id
    assert Upload.objects.get().sha256 == hashlib.sha256(content).hexdigest()


class Flaky(httpx.BaseTransport):
    """A store's network that loses the first answers."""

    def __init__(self, failures: int) -> None:
        self.left, self.real = failures, httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        if self.left:
            self.left -= 1
            raise httpx.ReadError("connection lost")
        return self.real.handle_request(request)


def test_a_lost_part_is_sent_again(tmp_path: Path) -> None:
    content = lora_file()
    told = []
    with client(store_transport=Flaky(2)) as hub_client:
        sent = hub_client.upload_file(
            file_in(tmp_path, content), base_model="tiny-sdxl", progress=lambda *tell: told.append(tell)
        )
        assert hub_client.wait_for_upload(sent.id).state == "ready"
    assert sum(tell[2] for tell in told) == len(content)


def test_a_part_that_never_arrives_cancels_the_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.client.client.PART_TRIES", 2)
    with (
        client(store_transport=Flaky(99)) as hub_client,
        pytest.raises(UnreachableError, match="Part 1 could not be sent"),
    ):
        hub_client.upload_file(file_in(tmp_path, lora_file()), base_model="tiny-sdxl")
    assert Upload.objects.get().state == Upload.State.ABORTED


def test_a_refusal_carries_its_sentence_code_and_field(tmp_path: Path) -> None:
    with client() as hub_client, pytest.raises(RefusedError, match="base models offered") as refused:
        hub_client.upload_file(file_in(tmp_path, lora_file()), base_model="other")
    assert (refused.value.status, refused.value.code, refused.value.field) == (400, "unknown_base_model", "base_model")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(502, text="<html>"), UnreachableError),
        (httpx.Response(302, headers={"Location": "/elsewhere"}), UnreachableError),
        (httpx.Response(404, text="nothing"), RefusedError),
    ],
)
def test_what_is_no_hub_is_told_in_a_sentence(answer: httpx.Response, error: type[Exception]) -> None:
    hub_client = HubClient("http://x", "t", transport=httpx.MockTransport(lambda _: answer))
    with hub_client, pytest.raises(error, match=r"The hub answered \d+\."):
        hub_client.generate({})


def test_a_hub_that_is_down_is_told_in_a_sentence() -> None:
    with HubClient("http://127.0.0.1:9", "t") as hub_client, pytest.raises(UnreachableError, match="Is it running"):
        hub_client.generate({})


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`irodori upload` with the site in this process."""
    app, token = typer.Typer(), make_token()
    app.command()(upload_command)
    monkeypatch.setattr(
        hub.client,
        "HubClient",
        lambda url, text: HubClient(url, text, transport=SiteTransport(play_the_upload_workers)),
    )
    return lambda *words: CliRunner().invoke(
        app, [str(word) for word in words], env={"IRODORI_TOKEN": token, "IRODORI_URL": SITE_URL, "COLUMNS": "200"}
    )


@pytest.mark.parametrize(("name", "text"), [("terms.toml", toml_of_the_guide()), ("terms.json", json.dumps(TERMS))])
def test_the_command_uploads_and_publishes(command: Any, tmp_path: Path, name: str, text: str) -> None:
    terms = file_in(tmp_path, text.encode(), name)
    result = command(file_in(tmp_path, lora_file()), "--base", "tiny-sdxl", "--publish", terms)
    version = StyleVersion.objects.get()
    assert (result.exit_code, version.style.title) == (0, "Washed Ink")
    assert f"Published: version 1, id {version.pk}." in result.stdout


def test_a_day_in_toml_is_a_day_of_the_policy(command: Any, tmp_path: Path) -> None:
    text = f'expires = 2999-01-31\nterritory = ["JP"]\n{toml_of_the_guide()}'
    result = command(
        file_in(tmp_path, lora_file()),
        "--base",
        "tiny-sdxl",
        "--publish",
        file_in(tmp_path, text.encode(), "terms.toml"),
    )
    assert result.exit_code == 0, result.output
    policy = StyleVersion.objects.get().policy
    assert (policy.expires, policy.territory, policy.commercial_use) == (date(2999, 1, 31), ("JP",), True)


@pytest.mark.parametrize(
    ("content", "words", "code", "said"),
    [
        (b"PK\x03\x04" + bytes(60), ["--base", "tiny-sdxl"], 3, "This is a zip archive"),
        (lora_file()[:-1], ["--base", "tiny-sdxl"], 3, "ends before its last tensor"),
        (lora_file(rank=257), ["--base", "tiny-sdxl"], 3, "rank 257"),
        (lora_file(), ["--base", "unknown"], 3, "base_model: Choose one"),
        (lora_file(), ["--base", "tiny-sdxl", "--token", "wrong"], 3, "key is not valid"),
        (lora_file(), [], 2, "--base"),
    ],
)
def test_the_command_says_what_is_wrong_and_how_it_ended(
    command: Any, tmp_path: Path, content: bytes, words: list[str], code: int, said: str
) -> None:
    result = command(file_in(tmp_path, content), *words)
    assert (result.exit_code, said in result.output) == (code, True), result.output


@pytest.mark.parametrize("text", ["title = ", "[1, 2]", "\udcff"])
def test_terms_that_can_not_be_read_are_wrong_usage(command: Any, tmp_path: Path, text: str) -> None:
    terms = file_in(tmp_path, text.encode("utf-8", "surrogateescape"), "terms.json")
    result = command(file_in(tmp_path, lora_file()), "--base", "tiny-sdxl", "--publish", terms)
    assert (result.exit_code, Upload.objects.exists()) == (2, False)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"title": "Washed Ink"}, "The terms lack creator_share_bp, licence, price_micro"),
        (TERMS | {"may_be_sold": True}, "No such terms: may_be_sold."),
    ],
)
def test_terms_with_the_wrong_fields_are_told_before_the_file_is_sent(
    command: Any, tmp_path: Path, terms: dict[str, Any], said: str
) -> None:
    path = file_in(tmp_path, json.dumps(terms).encode(), "terms.json")
    result = command(file_in(tmp_path, lora_file()), "--base", "tiny-sdxl", "--publish", path)
    assert (result.exit_code, said in result.output, Upload.objects.exists()) == (2, True, False), result.output


def test_the_command_knows_the_terms_that_the_site_takes() -> None:
    fields = PublishSerializer().fields
    fields.pop("upload")
    assert {name for name, field in fields.items() if field.required} == REQUIRED_TERMS
    assert set(fields) == REQUIRED_TERMS | OTHER_TERMS


def test_terms_that_are_refused_leave_the_upload_ready(command: Any, tmp_path: Path) -> None:
    terms = file_in(tmp_path, json.dumps(TERMS | {"licence": "GPL"}).encode(), "terms.json")
    result = command(file_in(tmp_path, lora_file()), "--base", "tiny-sdxl", "--publish", terms)
    assert (result.exit_code, "licence: Choose one of these" in result.output) == (3, True)
    assert Upload.objects.get().state == Upload.State.READY


def test_the_command_says_when_nobody_answers(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(upload_command)
    words = [str(file_in(tmp_path, lora_file())), "--base", "b", "--token", "t", "--url", "http://127.0.0.1:9"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, "Is it running?" in result.output) == (4, True)


@pytest.mark.parametrize(
    ("token", "url", "said"),
    [
        ("bäd", SITE_URL, "The token is empty, or holds"),
        ("secret\nsecret", SITE_URL, "The token is empty, or holds"),
        (" ", SITE_URL, "The token is empty, or holds"),
        ("secret", "nonsense", "“nonsense” is no address of a hub."),
        ("secret", "127.0.0.1:8000", "“127.0.0.1:8000” is no address of a hub."),
        ("secret", "ftp://hub", "“ftp://hub” is no address of a hub."),
        ("secret", "http://hub:port", "“http://hub:port” is no address of a hub."),
    ],
)
def test_a_token_or_an_address_that_can_not_be_one_is_wrong_usage(
    tmp_path: Path, token: str, url: str, said: str
) -> None:
    app = typer.Typer()
    app.command()(upload_command)
    words = [str(file_in(tmp_path, lora_file())), "--base", "b", "--token", token, "--url", url]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, said in result.output, "secret" in result.output) == (2, True, False), result.output

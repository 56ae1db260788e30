"""The command with a real store behind it: uploads and pictures."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from irodori_client.cli.exits import Exit
from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance
from marketplace.uploads.models import Upload
from tests.factories.catalogue import tiny_sdxl_base
from tests.factories.command import Command
from tests.factories.generation import echo_version, make_request
from tests.factories.partners import licensable_version, make_account, make_grant
from tests.factories.playing import give_up, play_the_serving_worker, play_the_upload_workers
from tests.factories.stability import png
from tests.factories.tensor_files import lora_file

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
TERMS: dict[str, Any] = {
    "title": "Washed Ink",
    "sample_prompt": "a harbour at dawn",
    "licence": "CC0-1.0",
    "price_micro": 10_000,
    "creator_share_bp": 7_000,
    "training_sources": [{"name": "Mine", "consent": "own_work"}],
}


def test_a_picture_is_drawn_and_saved(iro: Command, buyer: User, tmp_path: Path) -> None:
    version, path = echo_version(licence="CC-BY-4.0"), tmp_path / "fox.png"
    said = iro("generate", "a fox", "-s", version.style.slug, "-o", path, afterwards=play_the_serving_worker)
    [made] = Generation.objects.all()
    assert (said.code, said.err, path.read_bytes()) == (0, "", b"a fox")
    assert said.out.startswith(f"{path}\n“{version.style.title}” by ")
    assert (made.adapters.get().version, held_balance(buyer)) == (version, 0)


def test_an_organisations_picture_is_drawn_under_its_grant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_request()
    account, version = make_account(), licensable_version(territory=("DE", "JP"))
    grant = make_grant(account, version, territory=("DE", "JP"))
    words = ("generate", "a fox", "-s", version.style.slug, "--grant", grant.pk, "--territory", "JP")
    said = Command(monkeypatch, account)(*words, "-o", tmp_path / "fox.png", afterwards=play_the_serving_worker)
    assert (said.code, said.err) == (0, "")
    licensed = Generation.objects.get().licensed_image
    assert (list(licensed.grants.all()), licensed.territory) == ([grant], ["JP"])


def test_a_picture_goes_to_stdout_alone(iro: Command) -> None:
    said = iro("generate", "a fox", "-o", "-", "--seed", 5, afterwards=play_the_serving_worker)
    assert (said.code, said.content) == (0, b"a fox")


def test_json_tells_everything_about_the_picture(iro: Command, tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    said = iro("generate", "a fox", "-o", path, "--json", afterwards=play_the_serving_worker).json
    assert (said["file"], said["generation"]["state"]) == (str(path), "succeeded")
    assert said["generation"]["image"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_picture_starts_from_another(iro: Command, tmp_path: Path) -> None:
    start = tmp_path / "start.png"
    start.write_bytes(png(colour="green"))
    words = ("generate", "a fox", "--base", "tiny-sdxl", "--from", start, "--mask", start, "--strength", 0.4)
    tiny_sdxl_base()
    iro(*words, "-o", tmp_path / "fox.png", afterwards=play_the_serving_worker)
    made, sha256 = Generation.objects.get(), hashlib.sha256(start.read_bytes()).hexdigest()
    assert (made.picture_sha256, made.mask_sha256, made.strength) == (sha256, sha256, 0.4)


def test_a_picture_that_fails_is_told_with_its_code(iro: Command, tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    said = iro("generate", "a fox", "-o", path, "--json", afterwards=give_up)
    error = json.loads(said.err)["error"]
    assert (said.code, error["code"], path.exists()) == (Exit.FAILED, "no_refiner", False)


def test_a_file_is_sent_and_published(iro: Command, tmp_path: Path) -> None:
    tiny_sdxl_base()
    file, terms = tmp_path / "ink.safetensors", tmp_path / "terms.json"
    file.write_bytes(lora_file())
    terms.write_text(json.dumps(TERMS))
    said = iro("upload", file, "--base", "tiny-sdxl", "--publish", terms, afterwards=play_the_upload_workers)
    version = StyleVersion.objects.get()
    assert said.out == f"Ready: lora, upload {Upload.objects.get().pk}.\nPublished: version 1, id {version.pk}.\n"
    assert (said.code, said.err, version.style.title) == (0, "", "Washed Ink")


def test_a_file_that_the_hub_refuses_is_told(iro: Command, tmp_path: Path) -> None:
    tiny_sdxl_base()
    file = tmp_path / "ink.safetensors"
    file.write_bytes(b"PK\x03\x04" + bytes(60))
    said = iro("upload", file, "--base", "tiny-sdxl", afterwards=play_the_upload_workers)
    assert (said.code, "zip archive" in said.err, said.out) == (Exit.FAILED, True, "")

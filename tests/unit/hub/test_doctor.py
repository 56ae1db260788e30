"""The doctor's findings on machines that lack something."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.config import HubConfig
from hub.doctor import Finding, _broker, _folder, _store


def test_a_broker_that_does_not_answer_is_broken_and_its_password_is_not_shown() -> None:
    config = HubConfig(broker_url="redis://user:secret@127.0.0.1:1/0")
    assert list(_broker(config)) == [
        Finding("broken", "broker", "redis at 127.0.0.1:1 does not answer", "Start it, or correct HUB_BROKER_URL.")
    ]


def test_a_store_that_does_not_answer_is_broken() -> None:
    [finding] = _store(HubConfig(s3_endpoint="http://127.0.0.1:1"))
    assert (finding.verdict, finding.text) == ("broken", "http://127.0.0.1:1 does not answer")


def test_a_missing_data_folder_is_no_fault(tmp_path_factory: pytest.TempPathFactory) -> None:
    missing = tmp_path_factory.mktemp("x") / "missing"
    [finding] = _folder(HubConfig(data_dir=missing))
    assert (finding.verdict, finding.advice) == ("note", "`irodori up` creates it.")


def doctor(folder: Path, *options: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The command in a shell with no settings but these."""
    shell = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-m", "hub.cli", "doctor", *options],
        env={**shell, "HUB_DATA_DIR": str(folder), "COLUMNS": "300", **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("state", [None, '{"pid": 4194305, "ports": {}}'], ids=["never started", "killed"])
def test_a_machine_where_nothing_runs_is_told_how_to_start_it(tmp_path: Path, state: str | None) -> None:
    if state:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "stack.json").write_text(state)
    found = doctor(tmp_path, "--no-picture")
    assert (found.returncode, "broken" in found.stdout) == (0, False), found.stdout
    assert f"no stack runs on {tmp_path}" in found.stdout
    assert f"irodori up --data-dir {tmp_path}" in found.stdout


def test_a_service_that_a_setting_names_must_answer(tmp_path: Path) -> None:
    found = doctor(tmp_path, "--no-picture", HUB_BROKER_URL="redis://127.0.0.1:1/0")
    assert (found.returncode, "redis at 127.0.0.1:1 does not answer" in found.stdout) == (1, True), found.stdout


@pytest.mark.torch
@pytest.mark.slow
def test_one_picture_is_drawn_and_timed(tmp_path: Path, tiny_base: Path, tiny_refiner: Path) -> None:
    config = f'{{"sdxl": {{"base": "{tiny_base}", "base_model": "tiny-sdxl", "refiner": "{tiny_refiner}"}}}}'
    found = doctor(tmp_path, HUB_PLUGIN_CONFIG=config, HUB_SERVING_DEVICE="cpu")
    rows = " ".join(found.stdout.split())
    assert (found.returncode, "broken" in found.stdout) == (0, False), found.stdout
    assert re.search(r"device │ cpu, \d+\.\d of \d+\.\d GiB free", rows), rows
    assert re.search(rf"base │ tiny-sdxl from {tiny_base}, float32, loaded in \d+\.\d s", rows), rows
    assert f"refiner │ from {tiny_refiner}" in rows
    assert "disk: 0.0 of 20.0 GiB; host: 0.0 of 4.0 GiB; slots: 0.0 of 4.0 GiB" in rows
    assert re.search(r"128 x 128 pixels: prompt .* 20 steps take about \d+\.\d s", rows), rows


@pytest.mark.torch
@pytest.mark.slow
def test_a_base_that_is_not_there_is_named_with_the_setting_to_correct(tmp_path: Path) -> None:
    config = f'{{"sdxl": {{"base": "{tmp_path}/missing"}}}}'
    found = doctor(tmp_path, HUB_PLUGIN_CONFIG=config, HUB_SERVING_DEVICE="cpu", HF_HUB_OFFLINE="1")
    assert found.returncode == 1, found.stdout
    assert ("picture by sdxl" in found.stdout, f"{tmp_path}/missing" in found.stdout) == (True, True), found.stdout
    assert "HUB_PLUGIN_CONFIG" in found.stdout

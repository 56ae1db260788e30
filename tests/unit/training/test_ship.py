import json
from pathlib import Path

import pytest

from training.concepts import STYLE_LOOKS
from training.ship import shipped


def work_folder(folder: Path, base_bytes: int = 10) -> Path:
    (folder / "base" / "unet").mkdir(parents=True)
    (folder / "base" / "unet" / "weights.safetensors").write_bytes(bytes(base_bytes))
    (folder / "styles").mkdir()
    for name in [*STYLE_LOOKS, *(f"{look}-kohya" for look in STYLE_LOOKS), "few-step"]:
        (folder / "styles" / f"{name}.safetensors").write_text(name)
    return folder


def test_two_styles_are_shipped_in_each_naming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped(work_folder(tmp_path / "work"), tmp_path / "models")
    names = {file.stem: file.read_text() for file in (tmp_path / "models" / "styles").iterdir()}
    assert names == {
        "twemoji": "twemoji-kohya",
        "openmoji": "openmoji",
        "fluent-emoji-flat": "fluent-emoji-flat-kohya",
        "fluent-emoji": "fluent-emoji",
        "few-step": "few-step",
    }
    assert (tmp_path / "models" / "irodori-small" / "unet" / "weights.safetensors").exists()


def test_the_card_holds_the_figures_that_were_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "var" / "bench" / "base.json"
    results.parent.mkdir(parents=True)
    row = {"id": "top1", "what": "nearest", "value": 51.5, "unit": "%", "aim": "≥ 50 %", "rival": "real 99 %"}
    results.write_text(json.dumps([row]))
    shipped(work_folder(tmp_path / "work"), tmp_path / "models")
    card = (tmp_path / "models" / "irodori-small" / "README.md").read_text()
    assert "| top1 | nearest | 51.5 % | ≥ 50 % | real 99 % |" in card
    assert "{figures}" not in card


def test_more_than_a_clone_should_carry_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"40\.0 MB|at most 40 MB"):
        shipped(work_folder(tmp_path / "work", base_bytes=40_000_001), tmp_path / "models")

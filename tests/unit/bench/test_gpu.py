"""The benchmark for GPUs runs end to end where there is none, and says of every figure that it is not measured."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.gpu import __main__ as gpu
from bench.gpu.base import MADE
from bench.gpu.size import FULL, TINY

pytestmark = pytest.mark.torch
IDS = [id_ for _, ids in gpu.SUBJECTS.values() for id_ in ids]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_without_cuda_every_figure_is_not_measured(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    gpu.main([])
    table, sentence = capsys.readouterr().out.rsplit("This machine has no CUDA device", 1)
    lines = [line for line in table.splitlines() if "not measured" in line]
    assert [line.split("│")[1].strip() for line in lines] == IDS
    assert "--tiny" in sentence
    assert list(tmp_path.iterdir()) == []


def test_the_full_size_is_sdxls() -> None:
    """Numbers of parameters as published, in millions; text encoders without what the pipeline sets."""
    counts = {}
    with torch.device("meta"):
        for name, config in FULL.configs.items():
            made: Any = MADE[name](config)
            counts[name] = round(sum(each.numel() for each in made.parameters()) / 1e6)
    assert counts == {"unet": 2567, "text_encoder": 123, "text_encoder_2": 695, "vae": 84}


def test_the_tiny_size_measures_swaps() -> None:
    rows = gpu.measure(TINY, ["swap"])
    assert [(row.id, row.unit, row.value > 0, row.aim) for row in rows] == [
        ("gpu_swap", "µs", True, ""),
        ("gpu_swap_gather", "x", True, ""),
    ]


@pytest.mark.slow
def test_the_tiny_size_measures_every_figure(tmp_path: Path) -> None:
    torch._dynamo.reset()
    gpu.main(["--tiny"])
    rows = json.loads((tmp_path / "var/bench/gpu-tiny.json").read_text())
    assert [row["id"] for row in rows] == IDS
    assert next(row["value"] for row in rows if row["id"] == "gpu_recompiles") == 0

"""Whole models on a device with memory of its own. Here the CPU stands for it: its copies are real, and so is their limit."""

from pathlib import Path

import pytest

from hub.plugin_api import EngineFullError, LocalPack, NoConfig
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.samples import write_finetuned_unet
from plugins.sdxl.unet_format import SdxlUnetFormat
from tests.fixtures_torch import AdapterFiles
from tests.serving_jobs import job, made_into_pack, run_with

pytestmark = pytest.mark.torch
Packs = dict[str, LocalPack]


@pytest.fixture
def copying(tiny_base: Path) -> SdxlEngine:
    engine = SdxlEngine(SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl", merge_from_steps=5))
    engine.load("cpu")
    engine.wardrobe._lender.copies = True
    return engine


@pytest.fixture
def packs(sdxl_engine: SdxlEngine, tiny_base: Path, adapter_files: AdapterFiles, tmp_path: Path) -> Packs:
    files = {name: write_finetuned_unet(tiny_base, tmp_path / name, seed=seed) for seed, name in enumerate("ab")}
    layout = sdxl_engine.layout()
    models = {name: made_into_pack(file, tmp_path, SdxlUnetFormat(NoConfig()), layout) for name, file in files.items()}
    return models | {"style": made_into_pack(adapter_files.peft, tmp_path, PeftLoraFormat(NoConfig()), layout)}


def model_bytes(engine: SdxlEngine) -> int:
    return sum(parameter.nbytes for parameter in engine.models["unet"].parameters())


def limit(engine: SdxlEngine, nbytes: int) -> None:
    engine.wardrobe._garage.budget.limit_bytes = nbytes


def used(engine: SdxlEngine) -> int:
    return next(tier.used_bytes for tier in engine.report().tiers if tier.name == "slots")


def test_a_model_is_drawn_from_its_copy_which_counts_and_stays(
    copying: SdxlEngine, sdxl_engine: SdxlEngine, packs: Packs
) -> None:
    before = copying.fingerprint()
    for _ in range(2):
        run = copying.start(job(), [packs["a"]])
        copies = run.outfit.weights["unet"]
        copying.end(run)
        assert run_with(copying, job(), [packs["a"]]) == run_with(sdxl_engine, job(), [packs["a"]])
    assert (used(copying), run.outfit.held) == (model_bytes(copying), ())
    again = copying.start(job(), [packs["a"]])
    assert again.outfit.weights["unet"] is copies
    copying.end(again)
    assert copying.fingerprint() == before


def test_with_room_for_one_the_second_waits_for_the_first_and_takes_its_memory(
    copying: SdxlEngine, sdxl_engine: SdxlEngine, packs: Packs
) -> None:
    limit(copying, model_bytes(copying))
    run = copying.start(job(), [packs["a"]])
    with pytest.raises(EngineFullError):
        copying.start(job(), [packs["b"]])
    left = run.outfit.weights["unet"]
    copying.end(run)
    for name in ("b", "a", "b"):
        assert run_with(copying, job(), [packs[name]]) == run_with(sdxl_engine, job(), [packs[name]])
        assert used(copying) == model_bytes(copying)
    assert sum(tensor.untyped_storage().nbytes() for tensor in left.values()) == 0


def test_a_start_that_finds_no_slot_lets_its_model_go(copying: SdxlEngine, packs: Packs) -> None:
    limit(copying, model_bytes(copying))
    with pytest.raises(EngineFullError):
        copying.start(job(), [packs["a"], packs["style"]])
    run_with(copying, job(), [packs["b"]])


def test_a_style_is_merged_anew_into_a_model_that_was_away(copying: SdxlEngine, packs: Packs) -> None:
    wanted, worn = job(steps=5), [packs["a"], packs["style"]]
    first = run_with(copying, wanted, worn)
    slots = used(copying) - model_bytes(copying)
    limit(copying, model_bytes(copying) + slots)
    run_with(copying, job(), [packs["b"]])
    assert run_with(copying, wanted, worn) == first


def test_on_the_cpu_a_model_is_read_where_its_pack_is_mapped(sdxl_engine: SdxlEngine, packs: Packs) -> None:
    run = sdxl_engine.start(job(), [packs["a"]])
    hosted = sdxl_engine.wardrobe._opened(packs["a"]).weights["unet"]
    assert all(run.outfit.weights["unet"][name] is tensor for name, tensor in hosted.items())
    assert packs["a"].use.pack_sha256 in run.outfit.held
    sdxl_engine.end(run)

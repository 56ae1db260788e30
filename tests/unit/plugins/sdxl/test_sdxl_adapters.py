"""Adapters give what diffusers makes from the creator's own file, and leave the base as it was."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from hub.plugin_api import AdapterFormat, JobRefusedError, LocalPack, NoConfig
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.adapters import exchanged
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.unet_format import SdxlUnetFormat
from tests.fixtures_torch import AdapterFiles
from tests.serving_jobs import drawn_by_diffusers, job, made_into_pack, pixels, run_together, run_with

pytestmark = pytest.mark.torch
MakePack = Callable[..., LocalPack]


@pytest.fixture
def pack_of(sdxl_engine: SdxlEngine, tmp_path: Path) -> MakePack:
    formats: dict[str, AdapterFormat] = {
        "kohya": KohyaLoraFormat(NoConfig()),
        "peft": PeftLoraFormat(NoConfig()),
        "fine_tune": SdxlUnetFormat(NoConfig()),
    }

    def make(file: Path, weight: float = 1.0, kind: str = "") -> LocalPack:
        return made_into_pack(file, tmp_path, formats[kind or file.stem], sdxl_engine.layout(), weight=weight)

    return make


@pytest.mark.parametrize("kind", ["kohya", "peft"])
@pytest.mark.parametrize("weight", [0.8, -0.5])
def test_a_lora_equals_diffusers(
    sdxl_engine: SdxlEngine,
    plain_pipeline: Any,
    adapter_files: AdapterFiles,
    pack_of: MakePack,
    kind: str,
    weight: float,
) -> None:
    file = getattr(adapter_files, kind)
    plain_pipeline.load_lora_weights(str(file), adapter_name="style")
    plain_pipeline.set_adapters("style", weight)
    ours = pixels(run_with(sdxl_engine, job(), [pack_of(file, weight)]))
    assert np.abs(ours - drawn_by_diffusers(plain_pipeline, job())).max() <= 1
    assert np.abs(ours - pixels(run_with(sdxl_engine, job()))).mean() > 2


def test_two_loras_add_up_as_in_diffusers(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, adapter_files: AdapterFiles, pack_of: MakePack
) -> None:
    plain_pipeline.load_lora_weights(str(adapter_files.kohya), adapter_name="one")
    plain_pipeline.load_lora_weights(str(adapter_files.peft), adapter_name="two")
    plain_pipeline.set_adapters(["one", "two"], [0.8, 0.4])
    packs = [pack_of(adapter_files.kohya, 0.8), pack_of(adapter_files.peft, 0.4)]
    assert np.abs(pixels(run_with(sdxl_engine, job(), packs)) - drawn_by_diffusers(plain_pipeline, job())).max() <= 1


def test_a_lora_on_convolutions_equals_diffusers(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, pack_of: MakePack, tmp_path: Path
) -> None:
    generator = torch.Generator().manual_seed(4)
    tensors = {}
    for module, (out, into, *kernel) in sdxl_engine.layout().modules("unet").items():
        if kernel:
            tensors[f"unet.{module}.lora_A.weight"] = torch.randn(4, into, *kernel, generator=generator) * 0.1
            tensors[f"unet.{module}.lora_B.weight"] = torch.randn(out, 4, 1, 1, generator=generator) * 0.1
    file = tmp_path / "convolutions.safetensors"
    save_file(tensors, file)
    plain_pipeline.load_lora_weights(str(file), adapter_name="style")
    plain_pipeline.set_adapters("style", 0.8)
    ours = pixels(run_with(sdxl_engine, job(), [pack_of(file, 0.8, "peft")]))
    assert np.abs(ours - drawn_by_diffusers(plain_pipeline, job())).max() <= 1
    assert np.abs(ours - pixels(run_with(sdxl_engine, job()))).mean() > 2


def test_a_fine_tune_equals_diffusers(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, adapter_files: AdapterFiles, pack_of: MakePack
) -> None:
    plain_pipeline.unet.load_state_dict(load_file(adapter_files.fine_tune))
    ours = pixels(run_with(sdxl_engine, job(), [pack_of(adapter_files.fine_tune)]))
    assert np.abs(ours - drawn_by_diffusers(plain_pipeline, job())).max() <= 1
    assert np.abs(ours - pixels(run_with(sdxl_engine, job()))).mean() > 2


def test_changes_that_slots_can_not_express_equal_the_changed_model(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, pack_of: MakePack, adapter_files: AdapterFiles, tmp_path: Path
) -> None:
    module = "mid_block.attentions.0.proj_in"
    change = torch.randn(96, 96, generator=torch.Generator().manual_seed(5)) * 0.5
    file = tmp_path / "difference.safetensors"
    save_file({"lora_unet_mid_block_attentions_0_proj_in.diff": change}, file)
    before = sdxl_engine.fingerprint()
    packs = [pack_of(file, 0.5, "kohya"), pack_of(adapter_files.peft, 0.4)]
    alone = [run_with(sdxl_engine, job(), chosen) for chosen in ([packs[1]], packs)]
    together = run_together(sdxl_engine, [(job(), [packs[1]], 0), (job(), packs, 1)])
    plain_pipeline.unet.get_submodule(module).weight.data += 0.5 * change
    plain_pipeline.load_lora_weights(str(adapter_files.peft), adapter_name="style")
    plain_pipeline.set_adapters("style", 0.4)
    assert np.abs(pixels(alone[1]) - drawn_by_diffusers(plain_pipeline, job())).max() <= 1
    assert [np.abs(pixels(a) - pixels(b)).max() <= 1 for a, b in zip(alone, together, strict=True)] == [True, True]
    assert np.abs(pixels(alone[0]) - pixels(alone[1])).mean() > 1
    assert sdxl_engine.fingerprint() == before


def test_the_base_is_restored_and_runs_do_not_mix(
    sdxl_engine: SdxlEngine, adapter_files: AdapterFiles, pack_of: MakePack
) -> None:
    before = sdxl_engine.fingerprint()
    choices = [[], [pack_of(adapter_files.kohya, 0.8)], [pack_of(adapter_files.fine_tune), pack_of(adapter_files.peft)]]
    alone = [run_with(sdxl_engine, job(), packs) for packs in choices]
    together = run_together(sdxl_engine, [(job(), packs, 0) for packs in choices])
    for ours, expected in zip(together, alone, strict=True):
        assert np.abs(pixels(ours) - pixels(expected)).max() <= 1
    assert len({generation.content for generation in alone}) == 3
    assert sdxl_engine.fingerprint() == before


@pytest.mark.parametrize("kind", ["kohya", "peft", "fine_tune"])
def test_an_error_in_the_middle_restores_the_base(
    sdxl_engine: SdxlEngine, adapter_files: AdapterFiles, pack_of: MakePack, kind: str
) -> None:
    before, expected = sdxl_engine.fingerprint(), run_with(sdxl_engine, job())
    run = sdxl_engine.start(job(), [pack_of(getattr(adapter_files, kind))])
    with exchanged(run.outfit.weights, sdxl_engine.models):
        assert (sdxl_engine.fingerprint() != before) is (kind == "fine_tune")
    run.latents = run.latents[:, :3]  # The UNet fails in its first layer, inside the engine's own block.
    with pytest.raises(RuntimeError):
        sdxl_engine.step([run])
    sdxl_engine.end(run)
    assert sdxl_engine.fingerprint() == before
    assert run_with(sdxl_engine, job()) == expected


def test_refuses_a_pack_of_another_base(sdxl_engine: SdxlEngine, adapter_files: AdapterFiles, tmp_path: Path) -> None:
    layout = sdxl_engine.layout()
    smaller = type(layout)({"unet": layout.components["unet"]}, layout.adaptable)
    pack = made_into_pack(adapter_files.fine_tune, tmp_path, SdxlUnetFormat(NoConfig()), smaller)
    with pytest.raises(JobRefusedError) as refused:
        sdxl_engine.start(job(), [pack])
    assert refused.value.code == "wrong_base"


def test_refuses_two_fine_tunes_and_a_weakened_one(sdxl_engine: SdxlEngine) -> None:
    use = {"pack_sha256": "0" * 64, "pack_key": "packs/0", "kind": "fine_tune", "weight": 1.0}
    codes = []
    for uses in ([use, use], [use | {"weight": 0.5}]):
        with pytest.raises(JobRefusedError) as refused:
            sdxl_engine.group(job(adapters=uses))
        codes.append(refused.value.code)
    assert codes == ["two_fine_tunes", "fine_tune_weight"]

"""A fine-tuned checkpoint in one file is drawn as diffusers draws it from that file, or refused by name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionXLPipeline
from safetensors.torch import load_file, save_file

from hub.config import plugin_registry
from hub.local.shipped import BASE
from hub.plugin_api import LocalPack, NoConfig, UnsupportedFileError
from hub.tensor_file import FileHeader, TensorInfo
from marketplace.uploads.header_checks import check_header, recognised_format
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.checkpoint_format import SdxlCheckpointFormat
from plugins.sdxl.checkpoint_names import checkpoint_places
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.layout import layout_of_base, layout_of_configs
from plugins.sdxl.pipeline import align
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.unet_format import SdxlUnetFormat
from serving.adapters.bases import stored_base
from serving.adapters.checks import check_plan
from serving.adapters.extract import Changes, extract
from serving.adapters.tensor_bytes import TensorFile
from serving.adapters.unchanged import without_unchanged
from tests.one_file import two_widths, write_one_file
from tests.sdxl_1_0 import CONFIGS
from tests.serving_jobs import drawn_by_diffusers, job, made_into_pack, pixels, run_with

pytestmark = pytest.mark.torch
PARTS = ("unet", "text_encoder", "text_encoder_2", "vae")
POSITIONS = "conditioner.embedders.0.transformer.text_model.embeddings.position_ids"
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Base:
    folder: Path
    file: Path
    engine: SdxlEngine


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = tmp_path_factory.mktemp("checkpoints")
    made = two_widths()
    made.save_pretrained(folder / "base")
    engine = SdxlEngine(SdxlConfig(base=str(folder / "base"), base_model="tiny-sdxl"))
    engine.load("cpu")
    return Base(folder / "base", write_one_file(made, folder / "base.safetensors"), engine)


def tuned(base: Base, path: Path, parts: tuple[str, ...], **more: torch.Tensor) -> Path:
    """The base as a file, these parts of it moved by a tenth of each weight's spread."""
    pipeline = StableDiffusionXLPipeline.from_pretrained(base.folder, add_watermarker=False)
    generator = torch.Generator().manual_seed(3)
    for part in parts:
        for parameter in getattr(pipeline, part).parameters():
            if parameter.ndim > 1:
                parameter.data += 0.1 * parameter.std() * torch.randn(parameter.shape, generator=generator)
    write_one_file(pipeline, path)
    if more:
        save_file({**load_file(path), **more}, path)
    return path


def packed(base: Base, file: Path, folder: Path) -> LocalPack:
    return made_into_pack(file, folder, SdxlCheckpointFormat(NoConfig()), base.engine.layout())


@pytest.mark.parametrize("parts", [("unet",), ("text_encoder",), ("text_encoder_2",), ("vae",), PARTS])
def test_is_drawn_as_diffusers_draws_it(base: Base, tmp_path: Path, parts: tuple[str, ...]) -> None:
    file = tuned(base, tmp_path / "tuned.safetensors", parts)
    plain = StableDiffusionXLPipeline.from_single_file(
        str(file), config=str(base.folder), local_files_only=True, add_watermarker=False
    )
    plain.set_progress_bar_config(disable=True)
    align(plain)
    before = base.engine.fingerprint()
    ours = pixels(run_with(base.engine, job(), [packed(base, file, tmp_path)]))
    assert np.abs(ours - drawn_by_diffusers(plain, job())).max() <= 1
    assert np.abs(ours - pixels(run_with(base.engine, job()))).mean() > 0.5
    assert base.engine.fingerprint() == before


def test_every_parameter_of_the_pack_is_what_diffusers_reads(base: Base, tmp_path: Path) -> None:
    file = tuned(base, tmp_path / "tuned.safetensors", PARTS)
    plain = StableDiffusionXLPipeline.from_single_file(str(file), config=str(base.folder), local_files_only=True)
    found = load_file(packed(base, file, tmp_path).path)
    expected = {f"{part}.{name}": own for part in PARTS for name, own in getattr(plain, part).named_parameters()}
    assert found.keys() == expected.keys()
    assert [name for name, own in expected.items() if not torch.equal(found[name], own)] == []


def test_a_lora_made_of_it_is_what_diffusers_loads(base: Base, tmp_path: Path) -> None:
    source, layout = TensorFile(tuned(base, tmp_path / "tuned.safetensors", PARTS)), base.engine.layout()
    targets = SdxlCheckpointFormat(NoConfig()).plan(source.header, layout).weights
    file = tmp_path / "lora.safetensors"
    found = extract(targets, Changes(source, stored_base(base.engine)), layout, file)
    assert {each.name.partition(".")[0] for each in found.modules} == {"unet", "text_encoder", "text_encoder_2"}
    plain = StableDiffusionXLPipeline.from_pretrained(base.folder, add_watermarker=False)
    plain.set_progress_bar_config(disable=True)
    align(plain)
    plain.load_lora_weights(str(file))
    ours = pixels(run_with(base.engine, job(), [made_into_pack(file, tmp_path, PeftLoraFormat(NoConfig()), layout)]))
    assert np.abs(ours - drawn_by_diffusers(plain, job())).max() <= 1


def test_what_the_base_has_too_is_left_out_of_its_pack(base: Base, tmp_path: Path) -> None:
    """So that the same UNet is one pack, however it was uploaded."""
    file = tuned(base, tmp_path / "tuned.safetensors", ("unet",))
    source, layout = TensorFile(file), base.engine.layout()
    plan = SdxlCheckpointFormat(NoConfig()).plan(source.header, layout)
    kept = without_unchanged(plan, source, stored_base(base.engine))
    assert {target.component for target in plan.weights} == set(PARTS)
    assert {target.component for target in kept.weights} == {"unet"}
    unet = {target.parameter: target.source for target in kept.weights}
    tensors = load_file(file)
    save_file({name: tensors[own] for name, own in unet.items()}, tmp_path / "unet.safetensors")
    alone = SdxlUnetFormat(NoConfig()).plan(TensorFile(tmp_path / "unet.safetensors").header, layout)
    assert {target.parameter for target in alone.weights} == unet.keys()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_the_base_itself_is_no_model_of_its_own(base: Base, tmp_path: Path, dtype: torch.dtype) -> None:
    """In half precision it is another one: not all of the base's numbers are there."""
    file = tmp_path / "same.safetensors"
    save_file({name: own.to(dtype) for name, own in load_file(base.file).items()}, file)
    source = TensorFile(file)
    plan = SdxlCheckpointFormat(NoConfig()).plan(source.header, base.engine.layout())
    if dtype == torch.float16:
        assert without_unchanged(plan, source, stored_base(base.engine)) == plan
        return
    with pytest.raises(UnsupportedFileError) as refused:
        without_unchanged(plan, source, stored_base(base.engine))
    assert refused.value.code == "nothing_changed"


def test_without_the_base_s_weights_all_of_it_is_kept(base: Base) -> None:
    source = TensorFile(base.file)
    plan = SdxlCheckpointFormat(NoConfig()).plan(source.header, base.engine.layout())
    assert without_unchanged(plan, source, {}) == plan


def test_sdxl_s_checkpoint_has_a_place_for_every_parameter() -> None:
    """2,513 and the two tensors that nothing reads are the 2,515 of sd_xl_base_1.0.safetensors."""
    layout = layout_of_configs(CONFIGS)
    places = checkpoint_places(layout, {})
    assert {name: len(found) for name, found in places.items()} == {
        name: len(parameters) for name, parameters in layout.components.items()
    }
    names = {place.name for found in places.values() for place in found.values()}
    assert {name: sum(each.startswith(name) for each in names) for name in ("model.", "first_", "cond")} == {
        "model.": 1680,
        "first_": 248,
        "cond": 196 + 389,
    }
    known = (
        "model.diffusion_model.input_blocks.0.0.weight",
        "model.diffusion_model.output_blocks.2.2.conv.weight",
        "model.diffusion_model.middle_block.1.transformer_blocks.9.attn2.to_k.weight",
        "first_stage_model.decoder.up.3.upsample.conv.weight",
        "first_stage_model.encoder.mid.attn_1.q.weight",
        "conditioner.embedders.0.transformer.text_model.encoder.layers.11.self_attn.q_proj.weight",
        "conditioner.embedders.1.model.transformer.resblocks.31.attn.in_proj_bias",
        "conditioner.embedders.1.model.text_projection",
    )
    assert [name for name in known if name not in names] == []


Change = Callable[[Tensors], object]
SGM = "model.diffusion_model."


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda own: own.update({"v_pred": torch.zeros(1)}), "other_prediction", "velocity"),
        (lambda own: own.update({"ztsnr": torch.zeros(1)}), "other_prediction", "ztsnr"),
        (lambda own: own.update({"edm_mean": torch.zeros(1)}), "other_prediction", "edm_mean"),
        (lambda own: own.update({"cond_stage_model.x": torch.zeros(2, 2)}), "wrong_base", "Stable Diffusion 1 or 2"),
        (lambda own: own.update({"denoiser.sigmas": torch.ones(9)}), "wrong_base", "denoiser.sigmas"),
        (lambda own: own.pop(f"{SGM}out.2.weight"), "wrong_base", "lacks 1 parameters of this base's UNet: conv_out.weight"),
        (lambda own: own.pop("first_stage_model.quant_conv.bias"), "wrong_base", "autoencoder: quant_conv.bias"),
        (lambda own: own.update({f"{SGM}input_blocks.0.0.weight": torch.ones(32, 9, 3, 3)}), "wrong_base", "[32, 9, 3, 3]"),
        (lambda own: own.update({"conditioner.embedders.1.model.text_projection": torch.ones(5)}), "wrong_base", "[5]"),
    ],
)  # fmt: skip
def test_what_can_not_be_drawn_right_is_refused_by_name(base: Base, change: Change, code: str, said: str) -> None:
    tensors = load_file(base.file)
    change(tensors)
    header = FileHeader({name: TensorInfo("F32", tuple(own.shape), 0, 0) for name, own in tensors.items()}, {}, 0)
    with pytest.raises(UnsupportedFileError) as refused:
        SdxlCheckpointFormat(NoConfig()).plan(header, base.engine.layout())
    assert (refused.value.code, said in refused.value.message) == (code, True), refused.value.message


@pytest.mark.parametrize(
    ("base_predicts", "file_says", "is_served"),
    [
        ("epsilon", {}, True),
        ("epsilon", {"modelspec.prediction_type": "epsilon"}, True),
        ("epsilon", {"modelspec.prediction_type": "v"}, False),
        ("v", {"modelspec.prediction_type": "v"}, True),
        ("v", {"modelspec.prediction_type": "epsilon"}, False),
        ("", {"modelspec.prediction_type": "v"}, False),
        ("v", {"mark": "v_pred"}, True),
        ("v", {"mark": "ztsnr"}, True),
        ("epsilon", {"mark": "v_pred"}, False),
    ],
)
def test_a_whole_model_predicts_what_its_base_does(
    base: Base, base_predicts: str, file_says: dict[str, str], is_served: bool
) -> None:
    mark = {file_says["mark"]: TensorInfo("F32", (1,), 0, 0)} if "mark" in file_says else {}
    tensors = {**TensorFile(base.file).header.tensors, **mark}
    header = FileHeader(tensors, {} if mark else file_says, 0)
    layout = replace(base.engine.layout(), prediction=base_predicts, zero_snr=base_predicts == "v")
    if is_served:
        plan = SdxlCheckpointFormat(NoConfig()).plan(header, layout)
        check_plan(plan, header, layout)
        return
    with pytest.raises(UnsupportedFileError) as refused:
        SdxlCheckpointFormat(NoConfig()).plan(header, layout)
    assert refused.value.code == "other_prediction"


def test_a_unet_alone_is_asked_for_its_prediction_too(base: Base) -> None:
    layout = base.engine.layout()
    unet = {name: TensorInfo("F32", shape, 0, 0) for name, shape in layout.components["unet"].items()}
    assert SdxlUnetFormat(NoConfig()).plan(FileHeader(unet, {}, 0), layout).weights
    with pytest.raises(UnsupportedFileError) as refused:
        SdxlUnetFormat(NoConfig()).plan(FileHeader(unet, {"modelspec.prediction_type": "v"}, 0), layout)
    assert refused.value.code == "other_prediction"


def test_what_the_bases_predict_is_in_their_layout(base: Base) -> None:
    small = layout_of_base(str(BASE))
    assert [(each.prediction, each.zero_snr) for each in (base.engine.layout(), small)] == [
        ("epsilon", False),
        ("v", True),
    ]


def test_what_no_picture_depends_on_is_left_out(base: Base) -> None:
    header = TensorFile(base.file).header
    more = {
        POSITIONS: TensorInfo("I64", (1, 77), 0, 0),
        "conditioner.embedders.1.model.logit_scale": TensorInfo("F32", (), 0, 0),
        "model_ema.diffusion_modelout2weight": TensorInfo("F32", (4, 4), 0, 0),
    }
    wider, layout = replace(header, tensors={**header.tensors, **more}), base.engine.layout()
    plan = SdxlCheckpointFormat(NoConfig()).plan(wider, layout)
    check_plan(plan, wider, layout)
    assert set(plan.unused) == more.keys()
    assert plan.weights == SdxlCheckpointFormat(NoConfig()).plan(header, layout).weights
    assert check_header(wider, 2**20, "sdxl") == "sdxl_checkpoint"


@pytest.mark.parametrize("parts", [("unet",), ("unet", "vae")])
def test_a_file_with_some_of_the_parts_leaves_the_base_the_others(base: Base, parts: tuple[str, ...]) -> None:
    prefixes = {"unet": SGM, "vae": "first_stage_model."}
    header = TensorFile(base.file).header
    names = [name for name in header.tensors if name.startswith(tuple(prefixes[part] for part in parts))]
    some = replace(header, tensors={name: header.tensors[name] for name in names})
    plan = SdxlCheckpointFormat(NoConfig()).plan(some, base.engine.layout())
    assert {target.component for target in plan.weights} == set(parts)
    assert recognised_format(some, plugin_registry()) == "sdxl_checkpoint"

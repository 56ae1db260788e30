"""Base and refiner in two stages, beside diffusers' two pipelines on the same weights, alone and among other runs."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers import StableDiffusionXLImg2ImgPipeline
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors.torch import load_file

from hub.jobs import GenerateJob
from hub.plugin_api import JobRefusedError, LocalPack, NoConfig
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.sdxl.adapters import Outfit
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.pipeline import align
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.scheduler_names import SAMPLERS
from plugins.sdxl.schedulers import maker_of
from plugins.sdxl.unet_format import SdxlUnetFormat
from tests.fixtures_torch import AdapterFiles
from tests.one_file import write_one_file
from tests.serving_jobs import job, made_into_pack, pixels, run_together, run_with
from tests.tiny_refiner import build_refiner
from tests.unit.plugins.sdxl.test_pictures import left_half, local, picture, png

pytestmark = pytest.mark.torch
MAY_DIFFER = 0.001
IN_A_MIX = 0.01  # Of a base of random weights, which amplify rounding: decision 9.
"""Of a picture's pixels, each by one level."""
Pixels = NDArray[Any]


def loaded(base: Path, refiner: Path, **changes: Any) -> SdxlEngine:
    engine = SdxlEngine(SdxlConfig(base=str(base), base_model="tiny-sdxl", refiner=str(refiner), **changes))
    engine.load("cpu")
    return engine


@pytest.fixture(scope="module")
def engine(tiny_base: Path, tiny_refiner: Path) -> SdxlEngine:
    return loaded(tiny_base, tiny_refiner)


def plain(folder: Path) -> Any:
    pipeline = StableDiffusionXLImg2ImgPipeline.from_pretrained(folder, add_watermarker=False)
    pipeline.set_progress_bar_config(disable=True)
    align(pipeline)
    return pipeline


@pytest.fixture
def plain_refiner(tiny_refiner: Path) -> Any:
    return plain(tiny_refiner)


def refined(**changes: Any) -> GenerateJob:
    return job(**{"steps": 6, "refiner_start": 0.6} | changes)


def drawn(base: Any, refiner: Any, wanted: GenerateJob, **start: Any) -> Pixels:
    """What diffusers' pipelines make of a job, one after the other, with one generator."""
    sampler = SAMPLERS[wanted.scheduler]
    for pipeline in (base, refiner):
        settings = {**sampler.settings, "noise_sampler_seed": wanted.seed}
        pipeline.scheduler = maker_of(sampler).from_config(pipeline.scheduler.config, **settings)
    both = {
        "prompt": wanted.prompt,
        "negative_prompt": wanted.negative_prompt or None,
        "num_inference_steps": wanted.steps,
        "guidance_scale": wanted.guidance_scale,
        "generator": torch.Generator("cpu").manual_seed(wanted.seed),
    }
    start = start or {"width": wanted.width, "height": wanted.height}
    latents = base(**both, **start, denoising_end=wanted.refiner_start, output_type="latent").images
    image = refiner(**both, image=latents, denoising_start=wanted.refiner_start).images[0]
    return np.asarray(image).astype(np.int16)


def assert_same(ours: Any, expected: Pixels, may_differ: float = MAY_DIFFER) -> None:
    difference = np.abs(pixels(ours) - expected).max(axis=-1)
    assert difference.max() <= 1
    assert (difference > 0).mean() <= may_differ


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"refiner_start": 0.8, "steps": 10, "guidance_scale": 1.0},
        {"refiner_start": 0.3, "negative_prompt": "blurry", "width": 96, "height": 136},
        *({"scheduler": name} for name in SAMPLERS if name != "euler"),
    ],
    ids=str,
)
def test_equals_calling_the_two_pipelines(
    engine: SdxlEngine, plain_pipeline: Any, plain_refiner: Any, changes: dict[str, Any]
) -> None:
    wanted = refined(**changes)
    assert_same(run_with(engine, wanted), drawn(plain_pipeline, plain_refiner, wanted))


def test_a_run_from_a_picture_equals_the_two_pipelines(
    engine: SdxlEngine, plain_pipeline: Any, plain_refiner: Any
) -> None:
    wanted = local(png(picture()), 0.8, steps=10, refiner_start=0.6)
    base = StableDiffusionXLImg2ImgPipeline(**plain_pipeline.components, add_watermarker=False)
    expected = drawn(base, plain_refiner, wanted, image=picture(), strength=0.8)
    assert_same(run_with(engine, wanted), expected)


def test_the_refiner_keeps_what_a_mask_keeps(engine: SdxlEngine) -> None:
    wanted = local(png(picture()), 1.0, png(left_half()), steps=6, refiner_start=0.5)
    run = engine.start(wanted, [])
    while not run.done:
        engine.step([run])
    assert run.kept
    unmasked = run.kept.anew.expand_as(run.latents) == 0
    assert 0 < unmasked.float().mean() < 1
    assert torch.equal(run.latents[unmasked], run.kept.latents[unmasked])
    assert not torch.equal(run.latents, run.kept.latents)
    engine.end(run)


def test_among_runs_with_adapters_and_without_a_refiner_each_equals_diffusers(
    engine: SdxlEngine, plain_pipeline: Any, plain_refiner: Any, adapter_files: AdapterFiles, tmp_path: Path
) -> None:
    before = engine.fingerprint()
    lora = made_into_pack(adapter_files.kohya, tmp_path, KohyaLoraFormat(NoConfig()), engine.layout(), weight=0.8)
    wanted: list[tuple[GenerateJob, list[LocalPack], int]] = [
        (refined(seed=1), [lora], 0),
        (refined(seed=2, refiner_start=0.3, guidance_scale=1.0, scheduler="dpmpp_2m"), [], 1),
        (job(seed=3, steps=6), [lora], 0),
        (job(seed=4, steps=6), [], 2),
        (refined(seed=5, refiner_start=0.5, steps=8, negative_prompt="blurry", scheduler="euler_a"), [], 0),
    ]
    together = run_together(engine, wanted)
    assert engine.fingerprint() == before
    plain_pipeline.load_lora_weights(str(adapter_files.kohya), adapter_name="lora")
    for image, (each, packs, _) in zip(together, wanted, strict=True):
        if packs:
            plain_pipeline.enable_lora()
            plain_pipeline.set_adapters(["lora"], [0.8])
        else:
            plain_pipeline.disable_lora()
        if each.refiner_start is None:
            assert_same(image, alone_by_diffusers(plain_pipeline, each), IN_A_MIX)
        else:
            assert_same(image, drawn(plain_pipeline, plain_refiner, each), IN_A_MIX)


def alone_by_diffusers(pipeline: Any, wanted: GenerateJob) -> Pixels:
    pipeline.scheduler = diffusers.EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    image = pipeline(
        wanted.prompt,
        width=wanted.width,
        height=wanted.height,
        num_inference_steps=wanted.steps,
        guidance_scale=wanted.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(wanted.seed),
    ).images[0]
    return np.asarray(image).astype(np.int16)


def test_a_fine_tune_replaces_the_base_alone(
    engine: SdxlEngine, plain_pipeline: Any, plain_refiner: Any, adapter_files: AdapterFiles, tmp_path: Path
) -> None:
    fine_tune = made_into_pack(adapter_files.fine_tune, tmp_path, SdxlUnetFormat(NoConfig()), engine.layout())
    plain_pipeline.unet.load_state_dict(load_file(adapter_files.fine_tune))
    assert_same(run_with(engine, refined(), [fine_tune]), drawn(plain_pipeline, plain_refiner, refined()))


def test_in_each_step_every_run_advances_by_one_forward_of_its_model(engine: SdxlEngine) -> None:
    asked: Counter[str] = Counter()
    assert engine._refiner
    models = {"base": engine.pipeline.unet, "refiner": engine._refiner.pipeline.unet}
    counters = [model.register_forward_pre_hook(partial(count, asked, name)) for name, model in models.items()]
    runs = [engine.start(each, []) for each in (refined(refiner_start=0.3), refined(), job(steps=6))]
    seen = []
    while not all(run.done for run in runs):
        asked.clear()
        engine.step(runs)
        seen.append((dict(asked), [run.step for run in runs]))
    for run in runs:
        engine.end(run)
    for counter in counters:
        counter.remove()
    both = {"base": 1, "refiner": 1}
    assert [steps for _, steps in seen] == [[number] * 3 for number in range(1, 7)]
    # Six steps begin at timestep 831, and 0.3 of the noise end at 700.
    assert [forwards for forwards, _ in seen] == [{"base": 1}, both, both, both, both, both]


def count(asked: Counter[str], name: str, *_: object) -> None:
    asked[name] += 1


def test_a_replay_gives_the_same_bytes_and_in_invariant_mode_among_others_too(
    engine: SdxlEngine, tiny_base: Path, tiny_refiner: Path
) -> None:
    invariant = loaded(tiny_base, tiny_refiner, mode="invariant")
    images = run_together(invariant, [(refined(), [], 0), (refined(seed=8), [], 0), (job(steps=6), [], 1)])
    assert [run_with(engine, refined()) for _ in range(2)] == [images[0], images[0]]


def test_what_refiner_and_base_have_in_common_is_held_once_and_adapters_still_change_the_base_alone(
    tiny_base: Path, plain_pipeline: Any, adapter_files: AdapterFiles, tmp_path: Path
) -> None:
    made = build_refiner()
    made.text_encoder_2.load_state_dict(plain_pipeline.text_encoder_2.state_dict())
    made.save_pretrained(tmp_path / "refiner")
    engine = loaded(tiny_base, tmp_path / "refiner")
    assert engine._refiner
    ours, bases = (list(own.text_encoder_2.parameters()) for own in (engine._refiner.pipeline, engine.pipeline))
    assert [own.data_ptr() for own in ours] == [own.data_ptr() for own in bases]
    own_vae, base_vae = engine._refiner.pipeline.vae, engine.pipeline.vae
    assert own_vae.decoder.conv_in.weight.data_ptr() != base_vae.decoder.conv_in.weight.data_ptr()
    # It changes the second text encoder too.
    lora = made_into_pack(adapter_files.kohya, tmp_path, KohyaLoraFormat(NoConfig()), engine.layout())
    plain_pipeline.load_lora_weights(str(adapter_files.kohya))
    expected = drawn(plain_pipeline, plain(tmp_path / "refiner"), refined())
    assert_same(run_with(engine, refined(), [lora]), expected)


def test_long_and_weighted_prompts_reach_the_refiner_s_one_encoder(engine: SdxlEngine, plain_refiner: Any) -> None:
    assert engine._refiner
    prompts = engine._refiner._prompts
    with torch.no_grad():
        usual, _, pooled, _ = plain_refiner.encode_prompt("a fox on a chair", device="cpu")
        tokens, own_pooled = prompts._told(prompts._read("a fox on a chair", Outfit()), 1)
    assert (torch.equal(tokens, usual), torch.equal(own_pooled, pooled)) == (True, True)
    long = ", ".join(["a painting of a lighthouse at dusk"] * 20)
    images = [pixels(run_with(engine, refined(prompt=prompt))) for prompt in (long, "a (fox:1.4) on a chair")]
    assert np.abs(images[0] - images[1]).mean() > 1


def test_a_refiner_in_one_file_gives_the_folder_s_picture(engine: SdxlEngine, tiny_base: Path, tmp_path: Path) -> None:
    made = build_refiner()
    made.save_pretrained(tmp_path / "folder")
    file = write_one_file(made, tmp_path / "refiner.safetensors")
    opened = loaded(tiny_base, file, refiner_config=str(tmp_path / "folder"))
    assert opened.fingerprint() == engine.fingerprint()
    assert run_with(opened, refined()) == run_with(engine, refined())


def test_a_model_of_the_base_s_kind_refines_too(tiny_base: Path, plain_pipeline: Any) -> None:
    wanted = refined(negative_prompt="blurry")
    refiner = plain(tiny_base)
    engine = loaded(tiny_base, tiny_base)
    assert_same(run_with(engine, wanted), drawn(plain_pipeline, refiner, wanted))


def refusal(engine: SdxlEngine, wanted: GenerateJob) -> str:
    with pytest.raises(JobRefusedError) as refused:
        engine.start(wanted, [])
    return refused.value.code


def test_without_a_refiner_or_a_step_for_it_a_job_is_refused(sdxl_engine: SdxlEngine, engine: SdxlEngine) -> None:
    with pytest.raises(JobRefusedError, match="has no refiner"):
        sdxl_engine.group(refined())
    assert refusal(sdxl_engine, refined()) == "no_refiner"
    assert refusal(engine, refined(refiner_start=0.01)) == "refiner_start"
    assert refusal(engine, refined(refiner_start=0.99, scheduler="euler/trailing")) == "refiner_start"


@pytest.mark.parametrize("config", [{"refiner": "a.safetensors"}, {"refiner_config": "folder"}])
def test_a_configuration_stands_beside_one_file_and_nowhere_else(config: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="refiner_config"):
        SdxlConfig(**config)


def test_the_report_names_the_refiner(engine: SdxlEngine, sdxl_engine: SdxlEngine, tiny_refiner: Path) -> None:
    assert (engine.report().refiner, sdxl_engine.report().refiner) == (str(tiny_refiner), "")


def test_a_job_without_a_refiner_reads_as_before() -> None:
    """A worker of the release before refuses fields that it doesn't know."""
    assert "refiner_start" not in job().model_dump(mode="json")
    wanted = refined()
    assert GenerateJob.model_validate(wanted.model_dump(mode="json")) == wanted

"""The engine steps for itself, so each of its pictures is compared with one that diffusers' pipeline makes."""

import io
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from hub.jobs import GenerateJob
from hub.plugin_api import JobRefusedError
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import INFO, SdxlConfig
from tests.serving_jobs import job, pixels, run_with

pytestmark = pytest.mark.torch

SCHEDULERS = {
    "euler": diffusers.EulerDiscreteScheduler,
    "euler_a": diffusers.EulerAncestralDiscreteScheduler,
    "ddim": diffusers.DDIMScheduler,
    "dpmpp_2m": diffusers.DPMSolverMultistepScheduler,
    "lcm": diffusers.LCMScheduler,
}


def called(pipeline: Any, request: GenerateJob) -> "np.ndarray[Any, Any]":
    """What calling the pipeline with the job's parameters gives."""
    pipeline.scheduler = SCHEDULERS[request.scheduler].from_config(pipeline.scheduler.config)
    image = pipeline(
        request.prompt,
        negative_prompt=request.negative_prompt or None,
        width=request.width,
        height=request.height,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(request.seed),
    ).images[0]
    return np.asarray(image).astype(np.int16)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"guidance_scale": 1.0},
        {"guidance_scale": 0.0, "width": 96, "height": 136},
        {"negative_prompt": "blurry, low quality", "width": 72, "height": 64},
    ],
)
def test_equals_calling_the_pipeline(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, scheduler: str, changes: dict[str, Any]
) -> None:
    request = job(scheduler=scheduler, **changes)
    difference = np.abs(pixels(run_with(sdxl_engine, request)) - called(plain_pipeline, request))
    assert difference.max() <= 1


def test_a_few_steps_without_guidance_equal_the_pipeline_on_a_base_with_v_prediction(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": True}
    own = diffusers.EulerDiscreteScheduler.from_config(sdxl_engine.pipeline.scheduler.config, **config)
    monkeypatch.setattr(sdxl_engine.pipeline, "scheduler", own)
    plain_pipeline.scheduler = own
    request = job(scheduler="lcm", steps=4, guidance_scale=1.0)
    drawn = pixels(run_with(sdxl_engine, request))
    assert np.abs(drawn - called(plain_pipeline, request)).max() <= 1
    kept = plain_pipeline.scheduler.config
    assert {name: kept[name] for name in config} == config


@pytest.mark.parametrize("steps", [51, 100, 101, INFO.max_steps])
def test_lcm_takes_as_many_steps_as_the_engine_offers(sdxl_engine: SdxlEngine, steps: int) -> None:
    run = sdxl_engine.start(job(scheduler="lcm", steps=steps), [])
    assert (len(run.stage.timesteps), int(run.stage.timesteps[0])) == (steps, 999)


def test_pictures_are_neither_flat_nor_alike(sdxl_engine: SdxlEngine) -> None:
    one, other, guided = (
        pixels(run_with(sdxl_engine, request))
        for request in (job(), job(prompt="a cat asleep on a wooden chair"), job(guidance_scale=1.0))
    )
    assert one.std() > 20
    assert np.abs(one - other).mean() > 5
    assert np.abs(one - guided).mean() > 5


def test_the_picture_has_the_jobs_size(sdxl_engine: SdxlEngine) -> None:
    image = Image.open(io.BytesIO(run_with(sdxl_engine, job(width=120, height=72)).content))
    assert (image.format, image.size) == ("PNG", (120, 72))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"base_model": "sdxl-1.0"}, "wrong_base"),
        ({"scheduler": "dpm_adaptive"}, "unknown_scheduler"),
        ({"width": 68}, "bad_size"),
        ({"height": 65}, "bad_size"),
        ({"steps": INFO.max_steps + 1}, "too_many_steps"),
    ],
)
def test_refuses_what_it_can_not_run(sdxl_engine: SdxlEngine, changes: dict[str, Any], code: str) -> None:
    for ask in (sdxl_engine.group, lambda request: sdxl_engine.start(request, [])):
        with pytest.raises(JobRefusedError) as refused:
            # As it is, without the message's own limits.
            ask(job().model_copy(update=changes))
        assert refused.value.code == code


def test_a_picture_that_is_not_finite_is_refused(sdxl_engine: SdxlEngine) -> None:
    run = sdxl_engine.start(job(steps=1), [])
    sdxl_engine.step([run])
    run.latents = run.latents * float("nan")
    with pytest.raises(JobRefusedError) as refused:
        sdxl_engine.finish(run)
    assert refused.value.code == "not_finite"


def test_the_layout_is_that_of_the_loaded_models(sdxl_engine: SdxlEngine) -> None:
    loaded = {
        name: {key: tuple(value.shape) for key, value in model.named_parameters()}
        for name, model in sdxl_engine.models.items()
    }
    assert {name: dict(shapes) for name, shapes in sdxl_engine.layout().components.items()} == loaded


def test_half_precision_runs_and_restores_the_decoder(tiny_base: Any) -> None:
    engine = SdxlEngine(SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl", dtype="bfloat16"))
    engine.load("cpu")
    before = engine.fingerprint()
    assert pixels(run_with(engine, job(steps=1))).shape == (64, 64, 3)
    assert engine.fingerprint() == before

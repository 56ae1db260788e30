"""Whole runs of every scheduler, beside what diffusers' pipeline gives with its own class of that name."""

from itertools import pairwise
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from hub.jobs import GenerateJob
from hub.plugin_api import JobRefusedError, LocalPack
from plugins.sdxl.dpmpp_2s_ancestral import DPMPP2SAncestralScheduler
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import INFO
from plugins.sdxl.scheduler_names import SAMPLERS
from plugins.sdxl.schedulers import new_scheduler
from tests.serving_jobs import drawn_by_diffusers, job, pixels, run_together, run_with

pytestmark = pytest.mark.torch
KARRAS = {"use_karras_sigmas": True}
EXPONENTIAL = {"use_exponential_sigmas": True}
SDE = {"algorithm_type": "sde-dpmsolver++"}
THIRD = SDE | {"solver_order": 3}
SEED = {"noise_sampler_seed": 7}
"""Of the requests below: this one draws its noise by itself, at random if nobody says from which seed."""
CPU = torch.device("cpu")
USUAL: dict[str, tuple[Any, dict[str, Any]]] = {
    "heun": (diffusers.HeunDiscreteScheduler, {}),
    "dpm2": (diffusers.KDPM2DiscreteScheduler, {}),
    "dpm2_a": (diffusers.KDPM2AncestralDiscreteScheduler, {}),
    "dpmpp_2m/karras": (diffusers.DPMSolverMultistepScheduler, KARRAS),
    "dpmpp_2m_sde": (diffusers.DPMSolverMultistepScheduler, SDE),
    "dpmpp_2m_sde/karras": (diffusers.DPMSolverMultistepScheduler, SDE | KARRAS),
    "dpmpp_3m_sde": (diffusers.DPMSolverMultistepScheduler, THIRD),
    "dpmpp_3m_sde/karras": (diffusers.DPMSolverMultistepScheduler, THIRD | KARRAS),
    "dpmpp_3m_sde/exponential": (diffusers.DPMSolverMultistepScheduler, THIRD | EXPONENTIAL),
    "dpmpp_sde": (diffusers.DPMSolverSDEScheduler, SEED),
    "dpmpp_sde/karras": (diffusers.DPMSolverSDEScheduler, SEED | KARRAS),
    "dpmpp_2s": (diffusers.DPMSolverSinglestepScheduler, {}),
    "dpmpp_2s/karras": (diffusers.DPMSolverSinglestepScheduler, KARRAS),
    "dpmpp_2s_a/karras": (DPMPP2SAncestralScheduler, KARRAS),
    "lms": (diffusers.LMSDiscreteScheduler, {}),
    "lms/karras": (diffusers.LMSDiscreteScheduler, KARRAS),
    "lms/exponential/scaled": (diffusers.LMSDiscreteScheduler, EXPONENTIAL | {"beta_schedule": "scaled_linear"}),
    "euler/exponential": (diffusers.EulerDiscreteScheduler, EXPONENTIAL),
    "heun/exponential": (diffusers.HeunDiscreteScheduler, EXPONENTIAL),
    "dpm2/exponential": (diffusers.KDPM2DiscreteScheduler, EXPONENTIAL),
    "dpm2_a/exponential": (diffusers.KDPM2AncestralDiscreteScheduler, EXPONENTIAL),
    "dpmpp_2m/exponential": (diffusers.DPMSolverMultistepScheduler, EXPONENTIAL),
    "deis/exponential": (diffusers.DEISMultistepScheduler, EXPONENTIAL),
    "unipc/exponential": (diffusers.UniPCMultistepScheduler, EXPONENTIAL),
    "euler/trailing": (diffusers.EulerDiscreteScheduler, {"timestep_spacing": "trailing"}),
    "unipc": (diffusers.UniPCMultistepScheduler, {}),
    "deis": (diffusers.DEISMultistepScheduler, {}),
    "ddpm": (diffusers.DDPMScheduler, {}),
    "pndm": (diffusers.PNDMScheduler, {"skip_prk_steps": True}),
    "euler/linear": (diffusers.EulerDiscreteScheduler, {"beta_schedule": "linear"}),
    "euler/scaled/trailing": (
        diffusers.EulerDiscreteScheduler,
        {"beta_schedule": "scaled_linear", "timestep_spacing": "trailing"},
    ),
    "ddim/cosine/linspace": (
        diffusers.DDIMScheduler,
        {"beta_schedule": "squaredcos_cap_v2", "timestep_spacing": "linspace"},
    ),
    "heun/karras/cosine": (diffusers.HeunDiscreteScheduler, KARRAS | {"beta_schedule": "squaredcos_cap_v2"}),
    "dpmpp_2m/leading/linear": (
        diffusers.DPMSolverMultistepScheduler,
        {"timestep_spacing": "leading", "beta_schedule": "linear"},
    ),
}


def request(scheduler: str, **changes: Any) -> GenerateJob:
    return job(**{"scheduler": scheduler, "steps": 5, "guidance_scale": 1.0} | changes)


@pytest.mark.parametrize("name", USUAL)
def test_a_run_equals_diffusers_scheduler_of_that_name(sdxl_engine: SdxlEngine, plain_pipeline: Any, name: str) -> None:
    maker, settings = USUAL[name]
    plain_pipeline.scheduler = maker.from_config(plain_pipeline.scheduler.config, **settings)
    wanted = request(name)
    difference = np.abs(pixels(run_with(sdxl_engine, wanted)) - drawn_by_diffusers(plain_pipeline, wanted))
    assert difference.max() <= 1


def test_schedulers_of_a_batch_keep_their_own_state(sdxl_engine: SdxlEngine) -> None:
    names = [
        "heun",
        "pndm",
        "unipc",
        "dpmpp_2m_sde/karras",
        "dpm2_a",
        "deis",
        "lms",
        "dpmpp_sde",
        "dpmpp_2s",
        "dpmpp_2s_a",
    ]
    wanted: list[tuple[GenerateJob, list[LocalPack], int]] = [
        (request(name, steps=3, seed=seed), [], seed % 3) for seed, name in enumerate(names)
    ]
    together = [pixels(image) for image in run_together(sdxl_engine, wanted)]
    alone = [pixels(run_with(sdxl_engine, each[0])) for each in wanted]
    assert max(np.abs(one - other).max() for one, other in zip(together, alone, strict=True)) <= 1
    assert min(np.abs(one - other).mean() for one, other in pairwise(together)) > 1


def test_noise_that_a_scheduler_draws_by_itself_follows_the_seed(sdxl_engine: SdxlEngine) -> None:
    wanted = [request("dpmpp_sde", seed=seed) for seed in (7, 7, 8)]
    # From one noise, so that only what is drawn on the way differs.
    runs = [sdxl_engine.start(each, []) for each in wanted]
    noise = runs[0].latents
    for run in runs:
        run.latents = noise
        while not run.done:
            sdxl_engine.step([run])
    one, again, other = (run.latents for run in runs)
    assert torch.equal(one, again)
    assert not torch.allclose(one, other, atol=0.1)


def test_sigmas_take_the_place_of_those_that_the_base_s_own_scheduler_has(sdxl_engine: SdxlEngine) -> None:
    own = {**sdxl_engine.pipeline.scheduler.config, "use_karras_sigmas": True}
    found = new_scheduler("euler/exponential", diffusers.EulerDiscreteScheduler.from_config(own).config, 4, CPU)
    assert (found.config.use_karras_sigmas, found.config.use_exponential_sigmas) == (False, True)


@pytest.mark.parametrize("name", ["heun", "pndm", "euler"])
def test_progress_counts_the_jobs_steps(sdxl_engine: SdxlEngine, name: str) -> None:
    run = sdxl_engine.start(request(name, steps=3), [])
    seen = []
    while not run.done:
        sdxl_engine.step([run])
        seen.append(run.step)
    sdxl_engine.end(run)
    assert seen == {"heun": [0, 1, 1, 2, 3], "pndm": [0, 1, 2, 3], "euler": [1, 2, 3]}[name]


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_scheduler_begins_at_the_noise_a_base_with_zero_snr_was_trained_to(
    sdxl_engine: SdxlEngine, name: str
) -> None:
    """The small base that ships is one. What a scheduler adds noise with says how much of a picture it keeps."""
    own = {**sdxl_engine.pipeline.scheduler.config, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    own |= {"prediction_type": "v_prediction"}
    scheduler = new_scheduler(name, diffusers.EulerDiscreteScheduler.from_config(own).config, 4, torch.device("cpu"))
    reference = diffusers.DDIMScheduler.from_config(own).alphas_cumprod
    kept = scheduler.alphas_cumprod
    assert kept[-1] < 1e-6
    assert torch.allclose(kept[:-1], reference[:-1], rtol=1e-3)
    assert int(scheduler.timesteps[0]) == 999
    assert torch.isfinite(torch.as_tensor(scheduler.init_noise_sigma))


@pytest.mark.parametrize(
    "name",
    [
        "dpm_adaptive",
        "euler/",
        "euler/fast",
        "euler/karras/karras",
        "euler/karras/exponential",
        "dpmpp_2s/trailing",
        "euler/linear/cosine",
        "ddim/karras",
        "lcm/trailing",
        "karras",
        "",
    ],
)
def test_what_is_not_offered_is_refused(sdxl_engine: SdxlEngine, name: str) -> None:
    with pytest.raises(JobRefusedError) as refused:
        sdxl_engine.group(request(name))
    assert refused.value.code == "unknown_scheduler"
    assert not INFO.offers(name)


def test_a_menu_lists_every_scheduler_and_nothing_it_would_refuse() -> None:
    assert set(SAMPLERS) <= set(INFO.schedulers)
    assert all(INFO.offers(name) for name in INFO.schedulers)
    assert INFO.schedulers[0] == "euler"

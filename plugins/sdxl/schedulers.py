"""Builds a run's scheduler from the job's name for it and the base's own scheduler configuration."""

import inspect
from collections.abc import Callable
from typing import Any

import diffusers
import torch

from plugins.sdxl.dpmpp_2s_ancestral import DPMPP2SAncestralScheduler
from plugins.sdxl.scheduler_names import BETAS, SAMPLERS, SIGMAS, SPACINGS, Sampler

DIFFUSERS_BETAS = {"linear": "linear", "scaled": "scaled_linear", "cosine": "squaredcos_cap_v2"}
OURS = {each.__name__: each for each in (DPMPP2SAncestralScheduler,)}
LCM_ROWS = (50, 100, 200)


def new_scheduler(name: str, base_config: Any, steps: int, device: torch.device, seed: int = 0) -> Any:
    """A scheduler at its first of `steps`, with a state of its own: runs side by side must not share one.

    `seed` is for those that draw their noise by themselves, instead of from a generator that they are given.
    """
    scheduler = scheduler_named(name, base_config, seed)
    # LCM picks its steps out of 50 that it knows; a finer row is needed for more, and these begin at pure noise too.
    row = next((count for count in LCM_ROWS if steps <= count), LCM_ROWS[-1])
    finer = {"original_inference_steps": row} if name.startswith("lcm") and row > LCM_ROWS[0] else {}
    scheduler.set_timesteps(steps, device=device, **finer)
    begin_at(scheduler, 0)
    return scheduler


def begin_at(scheduler: Any, index: int) -> None:
    """Its first step will be the one at this index of its timesteps; some find that out for themselves."""
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(index)


def scheduler_named(name: str, base_config: Any, seed: int = 0) -> Any:
    """`name` is one of SAMPLERS and its options, such as "dpmpp_2m/karras": checked by the caller."""
    sampler_name, *options = name.split("/")
    sampler = SAMPLERS[sampler_name]
    settings = dict(sampler.settings)
    for option in options:
        settings |= _setting(option)
    maker = maker_of(sampler)
    if _takes(maker.__init__, "noise_sampler_seed"):
        settings["noise_sampler_seed"] = seed
    if base_config.get("rescale_betas_zero_snr") and not _takes(maker.__init__, "rescale_betas_zero_snr"):
        settings["trained_betas"] = _betas_to_pure_noise(base_config, settings)
    return maker.from_config(base_config, **settings)


def maker_of(sampler: Sampler) -> Any:
    """The class itself."""
    return OURS[sampler.maker] if sampler.maker in OURS else getattr(diffusers, sampler.maker)


def step_arguments(scheduler: Any, generator: torch.Generator) -> dict[str, Any]:
    """For `scheduler.step`: some draw noise, others don't even take a generator."""
    return {"generator": generator} if _takes(scheduler.step, "generator") else {}


def _setting(option: str) -> dict[str, object]:
    if option in BETAS:
        return {"beta_schedule": DIFFUSERS_BETAS[option]}
    if option in SPACINGS:
        return {"timestep_spacing": option}
    return {f"use_{sigmas}_sigmas": sigmas == option for sigmas in SIGMAS}


def _betas_to_pure_noise(base_config: Any, settings: dict[str, object]) -> list[float]:
    """The betas of a base that was trained to end in pure noise, for schedulers that can't compute them.

    Without them these would begin at a noise that the base has never seen. The last step keeps 2**-24 of the picture,
    as in diffusers' own such schedulers, so that no sigma is infinite.
    """
    schedule = {"beta_schedule": settings.get("beta_schedule", base_config["beta_schedule"])}
    kept = diffusers.EulerDiscreteScheduler.from_config(base_config, **schedule).alphas_cumprod
    betas: list[float] = (1 - torch.cat([kept[:1], kept[1:] / kept[:-1]])).tolist()
    return betas


def _takes(function: Callable[..., object], parameter: str) -> bool:
    return parameter in inspect.signature(function).parameters

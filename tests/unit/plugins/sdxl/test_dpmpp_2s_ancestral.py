"""DPM++ 2S a beside its published algorithm, written out again in float64 from sigmas alone."""

from itertools import pairwise
from typing import Any

import diffusers
import pytest
import torch

from plugins.sdxl.dpmpp_2s_ancestral import DPMPP2SAncestralScheduler

pytestmark = pytest.mark.torch
STEPS, SHAPE, SEED = 6, (1, 4, 8, 8), 5
CONFIG = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "timestep_spacing": "leading"}
MEAN, SPREAD = 0.3, 0.7


def denoised(sample: Any, sigma: Any) -> Any:
    """Exactly what the best of all models sees where pictures are normally distributed."""
    return (sample * SPREAD**2 + MEAN * sigma**2) / (SPREAD**2 + sigma**2)


def by_the_paper(sigmas: list[float], sample: torch.Tensor, noises: list[torch.Tensor]) -> torch.Tensor:
    for (sigma, following), noise in zip(pairwise(sigmas), noises, strict=True):
        up = (following**2 * (sigma**2 - following**2) / sigma**2) ** 0.5
        down = (following**2 - up**2) ** 0.5
        if down == 0:
            return denoised(sample, sigma)  # type: ignore[no-any-return] # torch's arithmetic
        middle = (sigma * down) ** 0.5
        half = middle / sigma * sample + (1 - middle / sigma) * denoised(sample, sigma)
        sample = down / sigma * sample + (1 - down / sigma) * denoised(half, middle) + up * noise
    raise AssertionError("the last sigma is 0")


def drawn(scheduler: Any, sample: torch.Tensor) -> torch.Tensor:
    generator = torch.Generator().manual_seed(SEED)
    for timestep in scheduler.timesteps:
        scheduler.scale_model_input(sample, timestep)
        first = scheduler.state_in_first_order
        index = scheduler.step_index if first else scheduler.step_index - 1
        sigma = (scheduler.sigmas if first else scheduler.sigmas_interpol)[index]
        output = predicted(scheduler, sample, sigma)
        sample = scheduler.step(output, timestep, sample, generator=generator).prev_sample
    return sample


def predicted(scheduler: Any, sample: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """The model's output from which the scheduler must find `denoised` again."""
    picture = denoised(sample, sigma)
    if scheduler.config.prediction_type == "epsilon":
        return (sample - picture) / sigma  # type: ignore[no-any-return] # torch's arithmetic
    return (sample / (sigma**2 + 1) - picture) * (sigma**2 + 1) ** 0.5 / sigma  # type: ignore[no-any-return] # the same


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("karras", [False, True])
def test_it_steps_as_published(kind: str, karras: bool) -> None:
    scheduler = DPMPP2SAncestralScheduler.from_config(CONFIG, prediction_type=kind, use_karras_sigmas=karras)
    scheduler.set_timesteps(STEPS)
    start = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1)) * scheduler.sigmas[0]
    drawing = torch.Generator().manual_seed(SEED)
    noises = [torch.randn(SHAPE, generator=drawing) for _ in range(STEPS)]
    sigmas = [float(each) for each in (scheduler.sigmas[0], *scheduler.sigmas[1:-1:2])]
    expected = by_the_paper(sigmas, start.double(), [noise.double() for noise in noises])
    assert len(sigmas) == STEPS + 1
    assert (drawn(scheduler, start) - expected).abs().max() < 1e-5


def test_it_is_another_than_dpm2_a() -> None:
    start = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1)) * 14
    made = []
    for maker in (DPMPP2SAncestralScheduler, diffusers.KDPM2AncestralDiscreteScheduler):
        scheduler = maker.from_config(CONFIG)
        scheduler.set_timesteps(STEPS)
        made.append(drawn(scheduler, start))
    assert (made[0] - made[1]).abs().mean() > 1e-3

"""The distillation's arithmetic, on the smallest UNet: what it learns is not the point here."""

import pytest
import torch
from diffusers import UNet2DConditionModel

from training.base import new_unet
from training.fewstep import GUIDANCE, SKIP, Distillation, Prompt
from training.lora import ADAPTER, add_lora

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return new_unet().eval()


def some(count: int) -> tuple[torch.Tensor, Prompt]:
    generator = torch.Generator().manual_seed(1)
    prompt = Prompt(torch.randn(count, 32, 192, generator=generator), torch.randn(count, 96, generator=generator))
    return torch.randn(count, 8, 16, 16, generator=generator), prompt


@torch.no_grad()
def test_the_teacher_is_guided_and_does_not_see_the_students_lora(unet: UNet2DConditionModel) -> None:
    latents, prompt = some(2)
    timestep = torch.tensor([599, 999])
    plain = Distillation(unet)
    empty = Prompt(torch.zeros_like(prompt.hidden), torch.zeros_like(prompt.pooled))
    told, untold = plain.velocity(latents, timestep, prompt), plain.velocity(latents, timestep, empty)
    signal, level = plain.noise.levels(timestep)
    expected = signal * latents - level * (untold + GUIDANCE * (told - untold))
    for parameter in add_lora(unet, rank=2):
        torch.nn.init.normal_(parameter)
    _, picture = Distillation(unet).teacher_step(latents, timestep, prompt)
    unet.delete_adapters(ADAPTER)
    assert torch.allclose(picture, expected, atol=1e-5)


@torch.no_grad()
def test_a_step_keeps_the_picture_and_the_noise_and_changes_how_much_of_each(unet: UNet2DConditionModel) -> None:
    latents, prompt = some(1)
    add_lora(unet, rank=2)
    model, timestep = Distillation(unet), torch.tensor([599])
    nearer, picture = model.teacher_step(latents, timestep, prompt)
    unet.delete_adapters(ADAPTER)
    signal, level = model.noise.levels(timestep)
    noise = (latents - signal * picture) / level
    signal, level = model.noise.levels(timestep - SKIP)
    assert torch.allclose(nearer, signal * picture + level * noise, atol=1e-4)


@torch.no_grad()
def test_at_the_paths_end_the_target_is_the_teachers_picture(unet: UNet2DConditionModel) -> None:
    latents, prompt = some(2)
    add_lora(unet, rank=2)
    model, timestep = Distillation(unet), torch.tensor([SKIP - 1, 999])
    target, (nearer, picture) = model.target(latents, timestep, prompt), model.teacher_step(latents, timestep, prompt)
    jumped = model.picture(nearer, (timestep - SKIP).clamp(min=0), prompt)
    unet.delete_adapters(ADAPTER)
    assert torch.equal(target[0], picture[0])
    assert torch.equal(target[1], jumped[1])

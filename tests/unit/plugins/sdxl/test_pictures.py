"""Image-to-image and inpainting, beside diffusers' two pipelines on the same weights."""

import io
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from hub.jobs import GenerateJob
from hub.plugin_api import JobRefusedError, LocalJob, LocalPack
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.pictures import MAX_SIDE, mask_of, picture_of
from plugins.sdxl.scheduler_names import SAMPLERS
from plugins.sdxl.schedulers import maker_of
from tests.serving_jobs import job, pixels, run_together, run_with

pytestmark = pytest.mark.torch
SIDE = 64


def picture(side: int = SIDE) -> Image.Image:
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    return Image.fromarray(np.stack([x * 3 % 256, y * 3 % 256, (x + y) % 256], axis=-1).astype(np.uint8))


def left_half() -> Image.Image:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[:, : SIDE // 2] = 255
    return Image.fromarray(mask)


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def local(picture: bytes, strength: float, mask: bytes = b"", **changes: Any) -> LocalJob:
    source = {"picture_key": "inputs/1", "picture_sha256": "0" * 64, "strength": strength}
    wanted = job(source=source, **{"steps": 5, "guidance_scale": 3.0} | changes)
    return LocalJob(**dict(wanted), picture=picture, mask=mask)


def drawn(pipeline: Any, wanted: LocalJob, **pictures: Any) -> "np.ndarray[Any, Any]":
    assert wanted.source
    sampler = SAMPLERS[wanted.scheduler]
    settings = {**sampler.settings, "noise_sampler_seed": wanted.seed}
    pipeline.scheduler = maker_of(sampler).from_config(pipeline.scheduler.config, **settings)
    pipeline.set_progress_bar_config(disable=True)
    image = pipeline(
        wanted.prompt,
        strength=wanted.source.strength,
        num_inference_steps=wanted.steps,
        guidance_scale=wanted.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(wanted.seed),
        **pictures,
    ).images[0]
    return np.asarray(image).astype(np.int16)


@pytest.mark.parametrize(
    ("scheduler", "strength"),
    [
        ("euler", 0.5),
        ("euler_a", 1.0),
        ("heun", 0.7),
        ("ddim", 0.3),
        ("dpmpp_2m_sde", 0.6),
        ("dpmpp_3m_sde", 0.8),
        ("dpmpp_sde", 0.7),
        ("dpmpp_2s", 0.6),
        ("dpmpp_2s_a", 0.6),
        ("lms", 0.6),
    ],
)
def test_a_run_from_a_picture_equals_diffusers(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, scheduler: str, strength: float
) -> None:
    wanted = local(png(picture()), strength, scheduler=scheduler)
    pipeline = diffusers.StableDiffusionXLImg2ImgPipeline(**plain_pipeline.components, add_watermarker=False)
    difference = np.abs(pixels(run_with(sdxl_engine, wanted)) - drawn(pipeline, wanted, image=picture()))
    assert difference.max() <= 1


@pytest.mark.parametrize(
    ("scheduler", "strength"),
    [
        ("euler", 0.6),
        ("euler_a", 1.0),
        ("heun", 0.7),
        ("dpmpp_2m_sde", 0.5),
        ("dpmpp_sde", 0.7),
        ("dpmpp_2s", 0.6),
        ("dpmpp_2s_a", 0.6),
        ("lms", 0.6),
    ],
)
def test_a_run_under_a_mask_equals_diffusers(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, scheduler: str, strength: float
) -> None:
    wanted = local(png(picture()), strength, png(left_half()), scheduler=scheduler)
    pipeline = diffusers.StableDiffusionXLInpaintPipeline(**plain_pipeline.components, add_watermarker=False)
    pictures = {"image": picture(), "mask_image": left_half(), "width": SIDE, "height": SIDE}
    difference = np.abs(pixels(run_with(sdxl_engine, wanted)) - drawn(pipeline, wanted, **pictures))
    assert difference.max() <= 1


def test_runs_from_noise_pictures_and_masks_share_a_batch(sdxl_engine: SdxlEngine) -> None:
    wanted: list[tuple[GenerateJob, list[LocalPack], int]] = [
        (job(steps=3), [], 0),
        (local(png(picture()), 0.7, scheduler="heun"), [], 1),
        (local(png(picture()), 1.0, png(left_half()), scheduler="euler_a"), [], 0),
    ]
    together = run_together(sdxl_engine, wanted)
    for image, (alone, _, _) in zip(together, wanted, strict=True):
        assert np.abs(pixels(image) - pixels(run_with(sdxl_engine, alone))).max() <= 1


def test_progress_ends_at_the_jobs_steps(sdxl_engine: SdxlEngine) -> None:
    run = sdxl_engine.start(local(png(picture()), 0.6), [])
    seen = []
    while not run.done:
        sdxl_engine.step([run])
        seen.append(run.step)
    sdxl_engine.end(run)
    assert seen == [1, 3, 5]


def refusal(engine: SdxlEngine, wanted: GenerateJob) -> str:
    with pytest.raises(JobRefusedError) as refused:
        engine.start(wanted, [])
    return refused.value.code


def test_what_is_no_picture_is_refused(sdxl_engine: SdxlEngine) -> None:
    whole = png(picture())
    bitmap = io.BytesIO()
    picture().save(bitmap, "BMP")
    for content in (b"", b"text", whole[:100], bitmap.getvalue(), b"\x89PNG\r\n\x1a\n" + bytes(100)):
        assert refusal(sdxl_engine, local(content, 0.5)) == "not_a_picture"
        assert refusal(sdxl_engine, local(whole, 0.5, content or b"x")) == "not_a_picture"
    assert refusal(sdxl_engine, local(png(Image.new("1", (MAX_SIDE + 1, 1))), 0.5)) == "picture_too_large"
    assert refusal(sdxl_engine, local(png(Image.new("1", (20_000, 20_000))), 0.5)) in {
        "picture_too_large",
        "not_a_picture",
    }
    assert refusal(sdxl_engine, local(whole, 0.5, png(Image.new("L", (SIDE, SIDE))))) == "mask_empty"
    assert refusal(sdxl_engine, local(whole, 0.19)) == "strength_too_low"


def test_pictures_of_every_sort_are_read_as_people_see_them() -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert picture_of(png(clear)).getpixel((0, 0)) == (255, 255, 255)
    assert picture_of(png(Image.new("L", (8, 8), 7))).getpixel((0, 0)) == (7, 7, 7)
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (16, 8)).save(turned, "JPEG", exif=exif)
    assert picture_of(turned.getvalue()).size == (8, 16)
    assert mask_of(png(Image.new("RGB", (8, 8), "white"))).getpixel((0, 0)) == 255


def test_a_job_without_a_source_reads_as_before() -> None:
    """A worker of the release before refuses fields that it doesn't know."""
    content = job().model_dump(mode="json")
    assert "source" not in content
    assert GenerateJob.model_validate(content) == job(id=content["id"])
    started = local(b"", 0.5)
    sent = GenerateJob.model_validate({name: getattr(started, name) for name in GenerateJob.model_fields})
    assert GenerateJob.model_validate(sent.model_dump(mode="json")) == sent

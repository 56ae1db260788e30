"""The upscaler keeps an engine's contract, beats bicubic on a drawing, and refuses what it can't enlarge."""

import io
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from hub.jobs import GenerateJob, PictureSource
from hub.local.shipped import UPSCALER
from hub.plugin_api import Engine, JobRefusedError, LocalJob
from hub.testing.engine_contract import EngineContract, run_to_end
from plugins.upscale.engine import UpscaleEngine
from plugins.upscale.network import REACH, SIDE
from plugins.upscale.plugin import UpscaleConfig
from serving.engine.loop import EngineLoop
from serving.engine.ticket import CancelledError, Ticket

pytestmark = pytest.mark.torch


def drawing(side: int) -> Image.Image:
    """A face, drawn four times as large and made small, so that its edges are soft."""
    large = Image.new("RGB", (4 * side, 4 * side), "#3366cc")
    pen, unit = ImageDraw.Draw(large), side // 8
    pen.ellipse([4 * unit, 4 * unit, 28 * unit, 28 * unit], fill="#ffcc33", outline="black", width=unit)
    for left in (10, 18):
        pen.ellipse([left * unit, 12 * unit, (left + 4) * unit, 16 * unit], fill="black")
    return large.resize((side, side), Image.Resampling.LANCZOS)


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@cache
def loaded() -> UpscaleEngine:
    engine = UpscaleEngine(UpscaleConfig(weights=str(UPSCALER)))
    engine.load("cpu")
    return engine


class TestUpscaleEngine(EngineContract):
    engine_id = "upscale"
    base_model = "irodori-x2"

    def engine(self) -> Engine:
        return loaded()

    def job(self, **changes: Any) -> GenerateJob:
        content = changes.pop("picture", png(drawing(32)))
        source = PictureSource(picture_key="k", picture_sha256="0" * 64, strength=1.0)
        plain = super().job(**changes)
        return LocalJob(**{**dict(plain), "source": source}, picture=content, mask=b"")

    def enlarged(self, picture: Image.Image, width: int, height: int) -> Image.Image:
        made = run_to_end(self.engine(), self.job(picture=png(picture), width=width, height=height, steps=1))
        return Image.open(io.BytesIO(made.content))

    def test_it_comes_nearer_to_the_drawing_than_bicubic(self) -> None:
        sharp, small = drawing(128), drawing(128).resize((64, 64), Image.Resampling.BICUBIC)
        ours, plain = self.enlarged(small, 128, 128), small.resize((128, 128), Image.Resampling.BICUBIC)

        def error(image: Image.Image) -> float:
            return float(np.square(np.asarray(image, float) - np.asarray(sharp, float)).mean())

        assert error(ours) < error(plain) / 2

    @pytest.mark.parametrize("size", [(64, 64), (65, 70), (256, 200), (33, 300)])
    def test_it_has_exactly_the_size_asked_for(self, size: tuple[int, int]) -> None:
        assert self.enlarged(drawing(32), *size).size == size

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"width": 31}, "not_larger"),
            ({"picture": b"no picture"}, "not_a_picture"),
            ({"picture": png(drawing(32))[:200]}, "not_a_picture"),
            ({"picture": png(Image.new("1", (4097, 1)))}, "picture_too_large"),
        ],
    )
    def test_it_refuses(self, changes: dict[str, Any], code: str) -> None:
        with pytest.raises(JobRefusedError) as error:
            self.engine().start(self.job(**changes), [])
        assert error.value.code == code

    def test_it_needs_a_picture_and_its_own_name(self) -> None:
        with pytest.raises(JobRefusedError, match="Send one"):
            self.engine().start(super().job(), [])
        with pytest.raises(JobRefusedError, match="irodori-x2, not other"):
            self.engine().group(self.job(base_model="other"))


LARGE = np.random.default_rng(1).integers(0, 256, (SIDE + REACH // 2, 2 * SIDE + 9, 3), np.uint8)


def large_job() -> GenerateJob:
    height, width, _ = LARGE.shape
    return TestUpscaleEngine().job(picture=png(Image.fromarray(LARGE)), width=2 * width, height=2 * height, steps=1)


@torch.no_grad()
def test_tiles_give_the_bytes_that_the_whole_picture_gives() -> None:
    pixels = torch.from_numpy(LARGE).permute(2, 0, 1)[None].float() / 255
    whole = (loaded().network(pixels)[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    made = Image.open(io.BytesIO(run_to_end(loaded(), large_job()).content))
    assert np.array_equal(np.asarray(made), whole)


def test_a_large_picture_lets_others_step_and_can_be_cancelled_between_its_tiles() -> None:
    loop = EngineLoop({"upscale": loaded()}, "cpu", 60.0)
    loop.start()
    steps: list[int] = []
    ticket = Ticket(large_job().model_copy(update={"engine": "upscale"}))

    def cancel_after_two(step: int) -> None:
        steps.append(step)
        if len(steps) == 2:
            ticket.cancelled.set()

    ticket.on_step = cancel_after_two
    with pytest.raises(CancelledError):
        loop.submit(ticket).result(60)
    loop.stop(60)
    assert steps == [0, 0]

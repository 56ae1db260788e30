"""The linear map that shows a run before it is decoded."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from hub.local import shipped
from hub.plugin_api import Preview
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.previews import LatentColours
from tests.serving_jobs import job, pixels

pytestmark = pytest.mark.torch
MIX = torch.tensor([[0.2, 0.0, 0.1], [0.0, 0.2, 0.0], [0.1, 0.0, 0.2], [0.05, 0.05, 0.0]])
GROUND = torch.tensor([0.1, -0.2, 0.0])


class LinearVae:
    """Colours are a mix of channels: what the map can be and a real autoencoder is not."""

    config = SimpleNamespace(latent_channels=4, scaling_factor=0.5)
    device, dtype = torch.device("cpu"), torch.float32

    def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
        mixed = torch.einsum("bchw,cd->bdhw", latents * self.config.scaling_factor, MIX) + GROUND.view(1, 3, 1, 1)
        return (functional.interpolate(mixed, scale_factor=8),)


@pytest.fixture(scope="module")
def small_base() -> SdxlEngine:
    engine = SdxlEngine(SdxlConfig(base=str(shipped.BASE), base_model="irodori-small"))
    engine.load("cpu")
    return engine


def test_a_linear_decoder_is_found_exactly_where_no_colour_is_out_of_range() -> None:
    weights = LatentColours.of(LinearVae()).weights
    assert torch.allclose(weights, torch.cat([MIX, GROUND[None]]), atol=0.02)


def test_colours_out_of_range_are_clipped_and_numbers_that_are_none_are_not_shown() -> None:
    colours = LatentColours(torch.cat([torch.eye(3), torch.zeros(1, 3)]))
    latents = torch.tensor([9.0, -9.0, 0.0]).view(1, 3, 1, 1).repeat(1, 1, 2, 3)
    assert colours.preview(latents) == Preview(3, 2, bytes([255, 0, 128] * 6))
    assert colours.preview(torch.full((1, 3, 2, 3), float("nan"))) is None


# One of each way of telling where a run is heading: handed out, kept inside, and not at all, which sees clearly only late.
@pytest.mark.parametrize(("scheduler", "clear_from"), [("euler", 2), ("dpmpp_2m", 2), ("unipc", 2), ("pndm", 18)])
def test_a_preview_of_the_small_base_looks_like_its_picture(
    small_base: SdxlEngine, scheduler: str, clear_from: int
) -> None:
    wanted = {"base_model": "irodori-small", "prompt": "a fox on a blue background", "guidance_scale": 1.5}
    run = small_base.start(job(width=128, height=128, steps=20, scheduler=scheduler, **wanted), [])
    while run.step < clear_from:
        small_base.step([run])
    preview = small_base.preview(run)
    while not run.done:
        small_base.step([run])
    picture = pixels(small_base.finish(run)).astype(np.uint8)
    small_base.end(run)
    assert preview
    assert (preview.width, preview.height) == (16, 16)
    shown = np.frombuffer(preview.pixels, np.uint8).astype(float)
    drawn = np.asarray(Image.fromarray(picture).resize((16, 16), Image.Resampling.BOX)).astype(float).reshape(-1)
    assert np.corrcoef(shown, drawn)[0, 1] > 0.85

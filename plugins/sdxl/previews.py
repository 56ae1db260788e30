"""Shows what a run is going to look like, by a linear map from latents to colours: no decoder, no memory to speak of.

Each base has its own: what its autoencoder makes of random smooth latents gives the map by least squares.
"""

from typing import Any

import torch
from torch.nn import functional

from hub.plugin_api import Preview
from plugins.sdxl.run import SdxlRun

SIDE = 16
# Spots of colour per side: a few are sky and walls, many are leaves.
SPOTS = (2, 4, 8)
EACH = 3
SEED = 0


class LatentColours:
    """`weights` [channels + 1, 3] take the channels of a latent, and a 1, to RGB in -1 ... 1."""

    def __init__(self, weights: torch.Tensor) -> None:
        self.weights = weights

    @classmethod
    def of(cls, vae: Any) -> "LatentColours":
        """Decodes nine small pictures, in the precision that `vae` has now; the base is only read."""
        latents = _smooth_latents(vae.config.latent_channels)
        scaled = latents.to(vae.device, vae.dtype) / vae.config.scaling_factor
        pictures = torch.cat([vae.decode(each, return_dict=False)[0].float().cpu() for each in scaled.split(1)])
        colours = functional.adaptive_avg_pool2d(pictures.clamp(-1, 1), SIDE)
        known, wanted = _with_ones(_pixels(latents)), _pixels(colours)
        return cls(torch.linalg.lstsq(known.double(), wanted.double()).solution.float().to(vae.device))

    def preview(self, latents: torch.Tensor) -> Preview | None:
        """`latents`: [1, channels, height, width], whose size the preview has. None for numbers out of range."""
        height, width = latents.shape[-2:]
        colours = _with_ones(_pixels(latents.float())) @ self.weights
        levels = ((colours.clamp(-1, 1) + 1) * 127.5).round()
        if not torch.isfinite(levels).all():
            return None
        return Preview(width, height, levels.to(torch.uint8).cpu().numpy().tobytes())


def expected_latents(run: SdxlRun) -> torch.Tensor:
    """Where the run is heading, as its scheduler saw it in its last step; [1, channels, height, width].

    The few schedulers that work it out for nobody (PLMS, DEIS) give their latents, which still have their noise.
    """
    expected, scheduler = run.expected, run.last_stage.scheduler
    if expected is None and _keeps_expected(scheduler.config):
        expected = scheduler.model_outputs[-1]
    if expected is None:
        return run.latents
    return run.kept.restored(expected, scheduler, None) if run.kept else expected


def _keeps_expected(config: Any) -> bool:
    """DPM++ and UniPC hand nothing out, but work on pictures without noise."""
    return bool(config.get("predict_x0")) or str(config.get("algorithm_type")).endswith("dpmsolver++")


def _smooth_latents(channels: int) -> torch.Tensor:
    """[pictures, channels, SIDE, SIDE], spread as a finished run's are: about one."""
    generator = torch.Generator("cpu").manual_seed(SEED)
    noises = [torch.randn(EACH, channels, spots, spots, generator=generator) for spots in SPOTS]
    grown = [functional.interpolate(noise, size=(SIDE, SIDE), mode="bicubic") for noise in noises]
    return torch.cat([each / each.std() for each in grown])


def _pixels(pictures: torch.Tensor) -> torch.Tensor:
    """[pictures, channels, height, width] to [pixels, channels]."""
    return pictures.permute(0, 2, 3, 1).reshape(-1, pictures.shape[1])


def _with_ones(rows: torch.Tensor) -> torch.Tensor:
    return torch.cat([rows, torch.ones_like(rows[:, :1])], dim=1)

"""Where a run starts: at pure noise, at a user's picture under some noise, or at one that keeps what its mask keeps.

Noise is drawn in the order of diffusers' three pipelines, so that a seed gives what they give.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers.image_processor import VaeImageProcessor
from diffusers.utils.torch_utils import randn_tensor

from hub.jobs import GenerateJob, PictureSource
from hub.plugin_api import JobRefusedError, LocalJob
from plugins.sdxl.pictures import mask_of, picture_of
from plugins.sdxl.schedulers import begin_at


@dataclass(frozen=True)
class Kept:
    """What a mask keeps: latents of the picture and the noise put on them, both [1, channels, height / 8, width / 8].

    `anew` [1, 1, height / 8, width / 8] is 1 where the picture is drawn anew and 0 where it stays.
    """

    latents: torch.Tensor
    noise: torch.Tensor
    anew: torch.Tensor

    def restored(self, latents: torch.Tensor, scheduler: Any, timestep: torch.Tensor | None) -> torch.Tensor:
        """`latents` with the kept part as it is at the noise of `timestep`, or clean for None."""
        own = self.latents
        if timestep is not None:
            own = scheduler.add_noise(own, self.noise, timestep.reshape(1))
        return (1 - self.anew) * own + self.anew * latents


@dataclass(frozen=True)
class Start:
    """The first latents, and the scheduler's timesteps that are left to do."""

    latents: torch.Tensor
    timesteps: torch.Tensor
    kept: Kept | None = None


class Starts:
    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        factor = pipeline.vae_scale_factor
        self._mask_processor = VaeImageProcessor(
            vae_scale_factor=factor, do_normalize=False, do_binarize=True, do_convert_grayscale=True
        )

    def of(self, job: GenerateJob, scheduler: Any, generator: torch.Generator, dtype: torch.dtype) -> Start:
        """Raises JobRefusedError for a picture that can't be read."""
        if job.source is None:
            noise = self._noise(job, generator, dtype)
            return Start(noise * scheduler.init_noise_sigma, scheduler.timesteps)
        if not isinstance(job, LocalJob):
            raise TypeError("A job with a source comes to an engine as a LocalJob, with its picture.")
        return self._at_picture(job, job.source, scheduler, generator, dtype)

    def _at_picture(
        self, job: LocalJob, source: PictureSource, scheduler: Any, generator: torch.Generator, dtype: torch.dtype
    ) -> Start:
        mask = self._anew(job, dtype) if job.mask else None
        picture = self._encoded(job, generator, dtype)
        noise = self._noise(job, generator, dtype)
        first = (job.steps - noisy_steps(job.steps, source.strength)) * scheduler.order
        begin_at(scheduler, first)
        timesteps = scheduler.timesteps[first:]
        if mask is None:
            return Start(scheduler.add_noise(picture, noise, timesteps[:1]), timesteps)
        # The inpainting pipeline encodes the picture without the masked part too, for bases that are told of it, and
        # that takes as much from the generator.
        randn_tensor(noise.shape, generator=generator, device=noise.device, dtype=torch.float32)
        start = noise * scheduler.init_noise_sigma
        if source.strength < 1:
            start = scheduler.add_noise(picture, noise, timesteps[:1])
        return Start(start, timesteps, Kept(picture, noise, mask))

    def _encoded(self, job: LocalJob, generator: torch.Generator, dtype: torch.dtype) -> torch.Tensor:
        pixels = self._pipeline.image_processor.preprocess(picture_of(job.picture), height=job.height, width=job.width)
        with in_float32(self._pipeline.vae, if_needed=self._pipeline.vae.config.force_upcast) as vae:
            found = vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.sample(generator)
        return cast("torch.Tensor", vae.config.scaling_factor * found.to(dtype))

    def _anew(self, job: LocalJob, dtype: torch.dtype) -> torch.Tensor:
        mask = self._mask_processor.preprocess(mask_of(job.mask), height=job.height, width=job.width)
        factor = self._pipeline.vae_scale_factor
        small = torch.nn.functional.interpolate(mask, size=(job.height // factor, job.width // factor))
        if not small.any():
            raise JobRefusedError("mask_empty", "The mask has no white part, so nothing would be drawn. Paint one.")
        return small.to(self._pipeline.device, dtype)

    def _noise(self, job: GenerateJob, generator: torch.Generator, dtype: torch.dtype) -> torch.Tensor:
        factor = self._pipeline.vae_scale_factor
        shape = (1, self._pipeline.unet.config.in_channels, job.height // factor, job.width // factor)
        noise = randn_tensor(shape, generator=generator, device=self._pipeline.device, dtype=dtype)
        return cast("torch.Tensor", noise)


def noisy_steps(steps: int, strength: float) -> int:
    """Of `steps`, how many a picture goes through; the rest would only make it noisier than `strength` says."""
    return min(int(steps * strength), steps)


@contextmanager
def in_float32(vae: Any, *, if_needed: bool) -> Iterator[Any]:
    """SDXL's VAE overflows in float16; what it goes back to are the same bits."""
    own = vae.dtype
    try:
        yield vae.to(torch.float32) if if_needed else vae
    finally:
        if if_needed:
            vae.to(own)

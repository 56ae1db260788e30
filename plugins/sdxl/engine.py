"""Serves an SDXL base a step at a time, giving exactly what calling diffusers' pipeline gives."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

import torch
from diffusers import StableDiffusionXLPipeline
from diffusers.utils import logging as diffusers_logging
from diffusers.utils.torch_utils import randn_tensor
from torch import nn
from transformers.utils import logging as transformers_logging

from hub.jobs import GenerateJob
from hub.plugin_api import Engine, EngineInfo, Generation, JobRefusedError, LocalPack, ModelLayout, Run
from plugins.sdxl.adapters import Applied, applied, to_device
from plugins.sdxl.checks import check_job
from plugins.sdxl.layout import layout_of_base
from plugins.sdxl.plugin import INFO, SdxlConfig
from plugins.sdxl.run import Conditioning, SdxlRun
from plugins.sdxl.schedulers import new_scheduler
from serving.adapters.api import open_pack

MODELS = ("text_encoder", "text_encoder_2", "unet", "vae")


class SdxlEngine(Engine):
    """Every method runs on the one thread that owns the device."""

    info: EngineInfo = INFO

    def __init__(self, config: SdxlConfig) -> None:
        self.config = config
        self.pipeline: Any = None

    def load(self, device: str) -> None:
        _quieten()
        target = _best_device() if device == "auto" else device
        pipeline = StableDiffusionXLPipeline.from_pretrained(
            self.config.base, dtype=getattr(torch, self.config.dtype), add_watermarker=False
        )
        _check_base(pipeline)
        self.pipeline = pipeline.to(target)
        self.models: dict[str, nn.Module] = {name: getattr(pipeline, name).eval() for name in MODELS}

    @cached_property
    def _layout(self) -> ModelLayout:
        return layout_of_base(self.config.base)

    def layout(self) -> ModelLayout:
        return self._layout

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for name in MODELS:
            for key, tensor in sorted(self.models[name].state_dict().items()):
                digest.update(f"{name}.{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
                digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
        return digest.hexdigest()

    def group(self, job: GenerateJob) -> str:
        check_job(job, base_model=self.config.base_model, info=self.info)
        return f"{job.width}x{job.height}"

    @torch.no_grad()
    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> SdxlRun:
        check_job(job, base_model=self.config.base_model, info=self.info)
        adapters = [self._opened(pack) for pack in packs]
        conditioning = self._conditioning(job, adapters)
        scheduler = new_scheduler(job.scheduler, self.pipeline.scheduler.config, job.steps, self.pipeline.device)
        generator = torch.Generator("cpu").manual_seed(job.seed)
        latents = self._noise(job, generator, conditioning.tokens.dtype) * scheduler.init_noise_sigma
        return SdxlRun(job, adapters, conditioning, latents, scheduler, generator)

    @torch.no_grad()
    def step(self, runs: Sequence[Run]) -> None:
        for run in cast("Sequence[SdxlRun]", runs):
            with applied(run.adapters, self.models):
                self._step(run)

    @torch.no_grad()
    def finish(self, run: Run) -> Generation:
        run = cast("SdxlRun", run)
        with applied(run.adapters, self.models), self._decoder() as vae:
            latents = run.latents.to(vae.dtype) / vae.config.scaling_factor
            pixels = vae.decode(latents, return_dict=False)[0]
        if not torch.isfinite(pixels).all():
            raise JobRefusedError(
                "not_finite",
                "This combination gave no picture, only numbers out of range. Lower the style's weight or the guidance scale.",
            )
        picture = self.pipeline.image_processor.postprocess(pixels, output_type="pil")[0]
        file = io.BytesIO()
        picture.save(file, "PNG")
        return Generation(file.getvalue(), "image/png", run.job.seed)

    def _opened(self, local: LocalPack) -> Applied:
        pack = open_pack(local.path)
        if pack.layout_digest != self.layout().digest():
            raise JobRefusedError("wrong_base", "This style was made for another base. Choose the base it names.")
        return to_device(pack, local.use.weight, self.models)

    def _conditioning(self, job: GenerateJob, adapters: Sequence[Applied]) -> Conditioning:
        guided = job.guidance_scale > 1
        with applied(adapters, self.models):
            tokens, no_tokens, pooled, no_pooled = self.pipeline.encode_prompt(
                prompt=job.prompt,
                device=self.pipeline.device,
                do_classifier_free_guidance=guided,
                # None, not "": with no negative prompt the pipeline uses zeros, as SDXL was trained.
                negative_prompt=job.negative_prompt or None,
            )
        size = (job.height, job.width)
        time_ids = torch.tensor([[*size, 0, 0, *size]], dtype=tokens.dtype, device=self.pipeline.device)
        if not guided:
            return Conditioning(tokens, pooled, time_ids)
        return Conditioning(
            torch.cat([no_tokens, tokens]), torch.cat([no_pooled, pooled]), torch.cat([time_ids, time_ids])
        )

    def _noise(self, job: GenerateJob, generator: torch.Generator, dtype: torch.dtype) -> torch.Tensor:
        factor = self.pipeline.vae_scale_factor
        shape = (1, self.pipeline.unet.config.in_channels, job.height // factor, job.width // factor)
        noise = randn_tensor(shape, generator=generator, device=self.pipeline.device, dtype=dtype)
        return cast("torch.Tensor", noise)

    def _step(self, run: SdxlRun) -> None:
        timestep = run.scheduler.timesteps[run.step]
        latents = torch.cat([run.latents] * 2) if run.guided else run.latents
        noise = self.pipeline.unet(
            run.scheduler.scale_model_input(latents, timestep),
            timestep,
            encoder_hidden_states=run.conditioning.tokens,
            added_cond_kwargs={"text_embeds": run.conditioning.pooled, "time_ids": run.conditioning.time_ids},
            return_dict=False,
        )[0]
        if run.guided:
            without, with_prompt = noise.chunk(2)
            noise = without + run.job.guidance_scale * (with_prompt - without)
        # Only euler_a and lcm draw from it after the first noise; the others take it and leave it alone.
        run.latents = run.scheduler.step(noise, timestep, run.latents, generator=run.generator, return_dict=False)[0]
        run.step += 1

    @contextmanager
    def _decoder(self) -> Iterator[Any]:
        """The VAE in a precision it can decode in: SDXL's overflows in float16."""
        vae = self.pipeline.vae
        upcast = vae.dtype == torch.float16 and vae.config.force_upcast
        try:
            yield vae.to(torch.float32) if upcast else vae
        finally:
            if upcast:
                vae.to(torch.float16)


def _quieten() -> None:
    """Below an error these libraries print bars, and prompts as they came: unescaped user text."""
    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _check_base(pipeline: Any) -> None:
    """Raises ValueError for a base whose images this engine would make wrongly in silence."""
    if pipeline.unet.config.time_cond_proj_dim is not None:
        raise ValueError("This base is distilled with a guidance embedding; the sdxl engine can't serve it.")
    if getattr(pipeline.vae.config, "latents_mean", None) is not None:
        raise ValueError("This base shifts its latents by a mean (latents_mean); the sdxl engine can't serve it.")

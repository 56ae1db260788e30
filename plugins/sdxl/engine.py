"""Serves an SDXL base a step at a time, giving exactly what calling diffusers' pipeline gives."""

import hashlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

import torch
from diffusers.utils import logging as diffusers_logging
from torch import nn
from transformers.utils import logging as transformers_logging

from hub.jobs import GenerateJob
from hub.plugin_api import (
    Engine,
    EngineInfo,
    EngineReport,
    Generation,
    JobRefusedError,
    LocalPack,
    ModelLayout,
    Preview,
    Run,
    StoredTensor,
)
from plugins.sdxl.adapters import Outfit, Wardrobe
from plugins.sdxl.batch import Batch, Eager, Forward, alike
from plugins.sdxl.checks import check_job
from plugins.sdxl.compiled import Compiled
from plugins.sdxl.device import current, stay_on
from plugins.sdxl.layout import layout_of_base
from plugins.sdxl.pipeline import open_pipeline, open_refiner
from plugins.sdxl.plugin import INFO, SdxlConfig
from plugins.sdxl.previews import LatentColours, expected_latents
from plugins.sdxl.prompts import Prompts
from plugins.sdxl.refiner import Refiner, refuse_idle, unrefined
from plugins.sdxl.run import SdxlRun, Stage
from plugins.sdxl.schedulers import new_scheduler
from plugins.sdxl.slots.arena import LEAST_RANK
from plugins.sdxl.slots.rows import BUCKETS
from plugins.sdxl.splitting import compilable
from plugins.sdxl.starts import Starts, in_float32
from plugins.sdxl.stored import stored_weights

MODELS = ("text_encoder", "text_encoder_2", "unet", "vae")


class SdxlEngine(Engine):
    """Every method but `prepare` runs on the one thread that owns the device."""

    info: EngineInfo = INFO

    def __init__(self, config: SdxlConfig) -> None:
        self.config = config
        self.pipeline: Any = None
        self._refiner: Refiner | None = None
        self._batches: list[Batch] = []

    def load(self, device: str) -> None:
        _quieten()
        target = _best_device() if device == "auto" else device
        stay_on(target)
        # What is asked for in float32 is computed in it: some cards would round what convolutions read to ten bits.
        torch.backends.cudnn.allow_tf32 = self.config.dtype != "float32"
        self.pipeline = open_pipeline(self.config).to(target)
        self.models: dict[str, nn.Module] = {name: getattr(self.pipeline, name).eval() for name in MODELS}
        refiner = open_refiner(self.config).to(target) if self.config.refiner else None
        free = _free(target)
        merge_from = self.config.merges_from(target, has_room=_has_room(self.models["unet"], free))
        self._compiles = self.config.compiles_on(target)
        self.wardrobe = Wardrobe(
            self.models,
            self.layout(),
            device_bytes=self.config.fills(free),
            host_bytes=self.config.host_bytes,
            merge_from=merge_from,
            least_rank=LEAST_RANK if self._compiles else BUCKETS[0],
        )
        self.forward = self._way_to_compute()
        self._prompts = Prompts(self.pipeline, self.wardrobe)
        self._starts = Starts(self.pipeline)
        if refiner:
            self._refiner = Refiner(refiner, self.wardrobe)
            self._refiner.share_weights(self.models)
            self._refine = Eager(self._refiner.pipeline.unet, self.wardrobe)

    @cached_property
    def _layout(self) -> ModelLayout:
        return layout_of_base(self.config.base_config or self.config.base)

    @cached_property
    def _colours(self) -> LatentColours:
        with _decoder(self.pipeline) as vae:
            return LatentColours.of(vae)

    def layout(self) -> ModelLayout:
        return self._layout

    def stored_weights(self) -> Mapping[str, Mapping[str, StoredTensor]]:
        return stored_weights(self.config.base, self.layout())

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        refiner = self._refiner.models if self._refiner else {}
        for name, model in {**self.models, **{f"refiner.{name}": model for name, model in refiner.items()}}.items():
            for key, tensor in sorted(model.state_dict().items()):
                digest.update(f"{name}.{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
                digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
        return digest.hexdigest()

    def group(self, job: GenerateJob) -> str:
        self._check(job)
        model = next((use.pack_sha256 for use in job.adapters if use.kind == "fine_tune"), "")
        return f"{job.width}x{job.height} {model}"

    def prepare(self, packs: Sequence[LocalPack]) -> None:
        with current(self.pipeline.device):
            self.wardrobe.prepare(packs)

    @torch.no_grad()
    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> SdxlRun:
        self._check(job)
        outfit = replace(self.wardrobe.dress(packs), steps=int(job.steps * (job.refiner_start or 1)))
        try:
            return self._started(job, outfit)
        except BaseException:
            self.wardrobe.undress(outfit)
            raise

    @torch.no_grad()
    def step(self, runs: Sequence[Run]) -> None:
        # Most steps are made by the same runs as the one before.
        self._batches = [
            next((batch for batch in self._batches if batch.is_of(together)), None) or Batch.of(together)
            for together in self._forwards(cast("Sequence[SdxlRun]", runs))
        ]
        for batch in self._batches:
            batch.step(self._refine if batch.stages[0].refines else self.forward)

    @torch.no_grad()
    def preview(self, run: Run) -> Preview | None:
        return self._colours.preview(expected_latents(cast("SdxlRun", run)))

    @torch.no_grad()
    def finish(self, run: Run) -> Generation:
        run = cast("SdxlRun", run)
        last = run.stages[-1]
        with self.wardrobe.worn(["vae"], [(last.outfit, 1)]), _decoder(self._pipeline_of(last)) as vae:
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

    def end(self, run: Run) -> None:
        self._batches = []
        self.wardrobe.undress(cast("SdxlRun", run).outfit)

    def report(self) -> EngineReport:
        own = self.pipeline.unet
        return EngineReport(
            base=self.config.base_model,
            source=self.config.base,
            refiner=self.config.refiner,
            device=str(own.device),
            dtype=str(own.dtype).removeprefix("torch."),
            side=own.config.sample_size * self.pipeline.vae_scale_factor,
            tiers=self.wardrobe.tiers(),
            swaps=self.wardrobe.swaps.done,
            swap_seconds=self.wardrobe.swaps.seconds,
        )

    def _check(self, job: GenerateJob) -> None:
        check_job(job, base_model=self.config.base_model, info=self.info, has_refiner=bool(self.config.refiner))

    def _forwards(self, runs: Sequence[SdxlRun]) -> Iterator[list[SdxlRun]]:
        """Who shares one; in invariant mode nobody does."""
        if self.config.mode == "invariant":
            yield from ([run] for run in runs)
            return
        for together in alike(runs):
            yield from compilable(together) if self._compiles and not together[0].stage.refines else [together]

    def _way_to_compute(self) -> Forward:
        unet, config = self.pipeline.unet, self.config
        if not self._compiles:
            return Eager(unet, self.wardrobe)
        cuda_graphs = config.cuda_graphs and unet.device.type == "cuda"
        return Compiled(unet, self.wardrobe, config.compile_backend, cuda_graphs=cuda_graphs)

    def _pipeline_of(self, stage: Stage) -> Any:
        return self._refiner.pipeline if self._refiner and stage.refines else self.pipeline

    def _started(self, job: GenerateJob, outfit: Outfit) -> SdxlRun:
        told = self._prompts.encode(job, outfit)
        scheduler = new_scheduler(
            job.scheduler, self.pipeline.scheduler.config, job.steps, self.pipeline.device, job.seed
        )
        generator = torch.Generator("cpu").manual_seed(job.seed)
        dtype = told.tokens.dtype
        size = (job.height, job.width)
        time_ids = torch.tensor([[*size, 0, 0, *size]] * len(told.tokens), dtype=dtype, device=self.pipeline.device)
        # Only a picture to start from is encoded, and only that needs the adapters of the autoencoder.
        with self.wardrobe.worn(["vae"], [(outfit, 1)]) if job.source else nullcontext():
            start = self._starts.of(job, scheduler, generator, dtype)
        stages = self._stages(job, Stage(outfit, told, time_ids, scheduler, start.timesteps))
        return SdxlRun(job, outfit, stages, start.latents, generator, start.kept)

    def _stages(self, job: GenerateJob, base: Stage) -> tuple[Stage, ...]:
        """The base's, up to where the refiner takes over if the job asks for that."""
        if job.refiner_start is None or self._refiner is None:
            return (base,)
        stages = (
            replace(base, timesteps=unrefined(base.scheduler, base.timesteps, job.refiner_start)),
            self._refiner.stage(job, job.refiner_start),
        )
        refuse_idle(*stages)
        return stages


def _decoder(pipeline: Any) -> AbstractContextManager[Any]:
    """The VAE in a precision it can decode in."""
    vae = pipeline.vae
    return in_float32(vae, if_needed=vae.dtype == torch.float16 and vae.config.force_upcast)


def _quieten() -> None:
    """Below an error these libraries print bars, and prompts as they came: unescaped user text."""
    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    # Of a rounded last bit, at each new one: torchsde goes on with the bound itself.
    warnings.filterwarnings("ignore", "Should have t[ab]", module="torchsde")


def _free(device: str) -> int | None:
    """Bytes of a device that has memory of its own."""
    return torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else None


def _has_room(unet: nn.Module, free: int | None) -> bool:
    """For a second set of its weights, and as much again for what is computed."""
    return free is not None and free >= 2 * sum(parameter.nbytes for parameter in unet.parameters())


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"

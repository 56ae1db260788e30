"""Doubles a picture with the network as often as its new size needs, then brings it to exactly that size."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image

from hub.jobs import GenerateJob
from hub.plugin_api import Engine, EngineReport, Generation, JobRefusedError, LocalJob, LocalPack, ModelLayout, Run
from plugins.upscale.network import in_strips, open_network
from plugins.upscale.pictures import picture_of
from plugins.upscale.plugin import UpscaleConfig


@dataclass(eq=False)
class UpscaleRun(Run):
    """`picture` is what came in, and once the only step is done what goes out."""

    picture: Image.Image = field(kw_only=True)


class UpscaleEngine(Engine):
    def __init__(self, config: UpscaleConfig) -> None:
        self.config = config

    def load(self, device: str) -> None:
        best = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = best if device == "auto" else device
        self.network = open_network(Path(self.config.weights), self.device)

    def layout(self) -> ModelLayout:
        return ModelLayout({})

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + tensor.cpu().numpy().tobytes())
        return digest.hexdigest()

    def group(self, job: GenerateJob) -> str:
        """Each job alone: a picture takes one step, and few are of one size."""
        if job.base_model != self.config.base_model:
            raise JobRefusedError(
                "wrong_base", f"This worker serves {self.config.base_model}, not {job.base_model}. Choose that one."
            )
        return str(job.id)

    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> UpscaleRun:
        if packs:
            raise JobRefusedError("no_adapters", "This base takes no styles. Choose another base, or generate without.")
        if not isinstance(job, LocalJob) or job.mask:
            raise JobRefusedError("needs_picture", "This base only enlarges a picture. Send one, without a mask.")
        picture = picture_of(job.picture)
        if job.width < picture.width or job.height < picture.height:
            raise JobRefusedError(
                "not_larger",
                f"The picture has {picture.width} x {picture.height} pixels already. Choose a larger size.",
            )
        return UpscaleRun(job, picture=picture)

    def step(self, runs: Sequence[Run]) -> None:
        for run in cast("Sequence[UpscaleRun]", runs):
            run.picture = self._enlarged(run.picture, (run.job.width, run.job.height))
            run.step = run.job.steps

    def finish(self, run: Run) -> Generation:
        file = io.BytesIO()
        cast("UpscaleRun", run).picture.save(file, "PNG")
        return Generation(file.getvalue(), "image/png", run.job.seed)

    def report(self) -> EngineReport:
        return EngineReport(self.config.base_model, self.config.weights, self.device, "float32")

    def _enlarged(self, picture: Image.Image, size: tuple[int, int]) -> Image.Image:
        while picture.width < size[0] or picture.height < size[1]:
            picture = self._doubled(picture)
        return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)

    @torch.no_grad()
    def _doubled(self, picture: Image.Image) -> Image.Image:
        """The same picture, twice as wide and as high."""
        pixels = torch.from_numpy(np.array(picture)).to(self.device).permute(2, 0, 1)[None].float() / 255
        levels = (in_strips(self.network, pixels)[0].clamp(0, 1) * 255).round().byte()
        return Image.fromarray(levels.permute(1, 2, 0).cpu().numpy())

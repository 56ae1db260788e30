"""Doubles a picture with the network as often as its new size needs, then brings it to exactly that size."""

import hashlib
import io
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image

from hub.jobs import GenerateJob
from hub.plugin_api import Engine, EngineReport, Generation, JobRefusedError, LocalJob, LocalPack, ModelLayout, Run
from plugins.upscale.network import FACTOR, open_network, tiles
from plugins.upscale.pictures import picture_of
from plugins.upscale.plugin import UpscaleConfig

DONE = object()


@dataclass(eq=False)
class UpscaleRun(Run):
    """`picture` is what came in, and once the only step is done what goes out. `work` makes it larger, a tile at a time."""

    picture: Image.Image = field(kw_only=True)
    work: Iterator[None] = field(init=False)


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
        run = UpscaleRun(job, picture=picture)
        run.work = self._enlarging(run)
        next(run.work, None)
        return run

    @torch.no_grad()
    def step(self, runs: Sequence[Run]) -> None:
        """One tile of each, so that others have their turn meanwhile; the last one makes the run's only step."""
        for run in cast("Sequence[UpscaleRun]", runs):
            if next(run.work, DONE) is DONE:
                run.step = run.job.steps

    def finish(self, run: Run) -> Generation:
        file = io.BytesIO()
        cast("UpscaleRun", run).picture.save(file, "PNG")
        return Generation(file.getvalue(), "image/png", run.job.seed)

    def report(self) -> EngineReport:
        return EngineReport(self.config.base_model, self.config.weights, self.device, "float32")

    def _enlarging(self, run: UpscaleRun) -> Iterator[None]:
        """Pauses before each tile."""
        size = run.job.width, run.job.height
        while run.picture.width < size[0] or run.picture.height < size[1]:
            run.picture = yield from self._doubled(run.picture)
        if run.picture.size != size:
            run.picture = run.picture.resize(size, Image.Resampling.LANCZOS)

    def _doubled(self, picture: Image.Image) -> Generator[None, None, Image.Image]:
        """The same picture, twice as wide and as high."""
        pixels = torch.from_numpy(np.array(picture))
        larger = torch.empty(FACTOR * picture.height, FACTOR * picture.width, 3, dtype=torch.uint8)
        for tile in tiles(picture.height, picture.width):
            yield
            seen = pixels[tile.seen].to(self.device).permute(2, 0, 1)[None].float() / 255
            levels = (tile.made_by(self.network, seen)[0].clamp(0, 1) * 255).round().byte()
            larger[tile.enlarged] = levels.permute(1, 2, 0).cpu()
        return Image.fromarray(larger.numpy())

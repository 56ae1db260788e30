"""The compiled engine on one base with the adapters that the figures need: built when the first figure asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch

from bench.adapters import write_adapter
from bench.gpu.base import write_base
from bench.gpu.ceilings import Ceilings, flops, measured, synced
from bench.gpu.size import Size
from hub.jobs import GenerateJob
from hub.plugin_api import LocalPack, NoConfig
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.batch import Batch, Eager
from plugins.sdxl.compiled import Compiled
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.run import SdxlRun
from tests.serving_jobs import job, made_into_pack

BATCH, GUIDANCE = 8, 5.0
RANKS = (4, 8, 16, 32, 64, 128)
NAME = "bench"


@dataclass(frozen=True)
class Bench:
    """`folder` holds the base and the adapters."""

    folder: Path
    size: Size

    @cached_property
    def base(self) -> Path:
        return write_base(self.folder / NAME, self.size)

    @cached_property
    def ceilings(self) -> Ceilings:
        return measured(self.size)

    @cached_property
    def engine(self) -> SdxlEngine:
        settings: dict[str, Any] = {"base": str(self.base), "base_model": NAME, "compiled": "on"}
        precision = str(self.size.dtype).removeprefix("torch.")
        limits = {"device_bytes": self.size.device_bytes, "host_bytes": 2**35}
        made = SdxlEngine(
            SdxlConfig.model_validate({**settings, **limits, "dtype": precision, "compile_backend": self.size.backend})
        )
        made.load(self.size.device)
        return made

    @property
    def compiled(self) -> Compiled:
        forward = self.engine.forward
        assert isinstance(forward, Compiled)
        return forward

    @cached_property
    def files(self) -> list[Path]:
        """As many of rank 16 as a batch has runs."""
        return [self._file(16, seed) for seed in range(BATCH)]

    @cached_property
    def packs(self) -> list[LocalPack]:
        return [self._pack(path) for path in self.files]

    @cached_property
    def by_rank(self) -> dict[int, LocalPack]:
        return {rank: self.packs[0] if rank == 16 else self._pack(self._file(rank, BATCH)) for rank in RANKS}

    def job(self, **changes: Any) -> GenerateJob:
        usual = {"width": self.size.side, "height": self.size.side, "steps": self.size.steps}
        return job(base_model=NAME, **({"guidance_scale": GUIDANCE, "prompt": "a lighthouse"} | usual | changes))

    def runs(self, worn: Sequence[Sequence[LocalPack]], **changes: Any) -> list[SdxlRun]:
        return [self.engine.start(self.job(**changes), packs) for packs in worn]

    def forward(self, runs: Sequence[SdxlRun]) -> Callable[[], None]:
        """One compiled forward of the UNet for runs of one shape."""
        return synced(partial(self.engine.forward.noise, Batch.of(runs)))

    def flops(self, runs: Sequence[SdxlRun]) -> int:
        """Of such a forward."""
        return flops(partial(Eager(self.engine.pipeline.unet, self.engine.wardrobe).noise, Batch.of(runs)))

    def picture(self, packs: Sequence[LocalPack], **changes: Any) -> bytes:
        """A whole request alone, from the job to the PNG."""
        (run,) = self.runs([packs], **changes)
        while not run.done:
            self.engine.step([run])
        content = self.engine.finish(run).content
        self.engine.end(run)
        return content

    def picture_floor(self, packs: Sequence[LocalPack], **changes: Any) -> float:
        """Seconds that the multiplications of a request would take at the card's ceiling; prompts are known already."""
        (run,) = self.runs([packs], **changes)
        work = run.job.steps * self.flops([run]) + flops(lambda: self.engine.finish(run))
        self.engine.end(run)
        return work / self.ceilings.matmul

    def end(self, runs: Sequence[SdxlRun]) -> None:
        for run in runs:
            self.engine.end(run)

    def _file(self, rank: int, seed: int) -> Path:
        path = self.folder / f"rank{rank}_{seed}.safetensors"
        return write_adapter(path, self.engine.layout().modules("unet"), rank, seed, torch.float16)

    def _pack(self, path: Path) -> LocalPack:
        return made_into_pack(path, self.folder, PeftLoraFormat(NoConfig()), self.engine.layout())

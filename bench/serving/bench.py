"""The engine and its rivals on one base, with the same adapters for both: what every figure is measured on."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from bench.rivals import diffusers_lora
from hub.jobs import GenerateJob
from hub.local import shipped
from hub.plugin_api import LocalPack, NoConfig
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.batch import Batch
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.run import SdxlRun
from plugins.sdxl.samples import write_peft_lora
from tests.serving_jobs import job, made_into_pack

RUNS = int(os.environ.get("BENCH_RUNS", "15"))
BASE = Path(os.environ.get("BENCH_BASE", shipped.BASE))
BATCH, RANK = 8, 16
MODE = f"{BASE.name}, fast mode, float32, CPU"
SEED = 7


@dataclass(frozen=True)
class Bench:
    """`folder` is for files that a figure needs of its own. Everything else is built when the first figure asks."""

    folder: Path

    @cached_property
    def engine(self) -> SdxlEngine:
        return engine()

    @cached_property
    def files(self) -> dict[str, Path]:
        return adapters(self.folder, "style", BATCH, RANK)

    @cached_property
    def packs(self) -> list[LocalPack]:
        return [packed(path, self.folder, self.engine) for path in self.files.values()]

    @cached_property
    def with_all(self) -> Any:
        """diffusers with all adapters loaded."""
        return diffusers_lora.pipeline(BASE, self.files)

    def job(self, **changes: Any) -> GenerateJob:
        side = 16 * self.engine.pipeline.vae_scale_factor
        usual = {"prompt": "a lighthouse", "width": side, "height": side, "guidance_scale": 1.0, "seed": SEED}
        return job(base_model=BASE.name, **(usual | changes))

    def run(self, packs: Sequence[LocalPack], **changes: Any) -> SdxlRun:
        return self.engine.start(self.job(**changes), packs)

    def end(self, runs: Sequence[SdxlRun]) -> None:
        for run in runs:
            self.engine.end(run)

    def forward(self, batch: Batch) -> Callable[[], object]:
        """The UNet for a whole batch, without the scheduler's step, as the rivals' is; adapters are put on in it.

        As in a request, what depends on the prompts alone is computed by the first call only.
        """
        return partial(self.engine.forward.noise, batch)


def engine(**config: Any) -> SdxlEngine:
    made = SdxlEngine(SdxlConfig(base=str(BASE), base_model=BASE.name, **config))
    made.load("cpu")
    return made


def adapters(folder: Path, name: str, count: int, rank: int) -> dict[str, Path]:
    """Of the UNet only: diffusers can't hotswap text encoders, so nobody's adapters have any here."""
    files = {}
    for seed in range(count):
        path = write_peft_lora(BASE, folder / f"{name}{seed}.safetensors", rank, seed)
        save_file({name: tensor for name, tensor in load_file(path).items() if name.startswith("unet.")}, path)
        files[path.stem] = path
    return files


def packed(path: Path, folder: Path, made: SdxlEngine, weight: float = 1.0) -> LocalPack:
    return made_into_pack(path, folder, PeftLoraFormat(NoConfig()), made.layout(), weight=weight)


def rival_inputs(run: SdxlRun) -> dict[str, Any]:
    """One run's UNet inputs, as diffusers takes them."""
    stage = run.stage
    return {
        "sample": run.model_input(),
        "timestep": run.timestep,
        "encoder_hidden_states": stage.conditioning.tokens,
        "added_cond_kwargs": {"text_embeds": stage.conditioning.pooled, "time_ids": stage.time_ids},
    }

"""`make bench-merged`: from how many steps on it is cheaper to merge the one outfit that all runs of a batch wear.

For several batches: what a merge costs once, and what slots cost at every step over merged weights, measured in turn on
the same base and adapter. Their quotient is the break-even that decision 12 is made of; beside it stands how far the
pictures of both ways differ. BENCH_RUNS sets how many turns are taken, BENCH_BASE the base, BENCH_DTYPE its precision,
BENCH_DEVICE where it lies.
"""

import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from bench.common import Row, report, row
from bench.timing import in_words, interleaved
from hub.local import shipped
from hub.plugin_api import LocalPack, NoConfig
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.adapters import exchanged
from plugins.sdxl.batch import Batch
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.merged import Merger
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.samples import write_peft_lora
from plugins.sdxl.slots.budget import Budget
from tests.serving_jobs import job, made_into_pack, pixels, run_with

RUNS = int(os.environ.get("BENCH_RUNS", "15"))
BASE = Path(os.environ.get("BENCH_BASE", shipped.BASE))
DTYPE = os.environ.get("BENCH_DTYPE", "float32")
DEVICE = os.environ.get("BENCH_DEVICE", "cpu")
RANK, STEPS, PICTURES = 16, 20, 4
BATCHES = ((1, 64), (1, 128), (8, 128), (1, 256))
MODE = f"{BASE.name}, fast mode, {DTYPE}, {DEVICE}"
NEVER = 9999.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="irodori-bench-") as folder, torch.no_grad():
        engine = _engine(merge_from=0)
        pack = _pack(Path(folder), engine)
        rows = [row for runs, side in BATCHES for row in _batch(engine, pack, runs, side)]
        rows += _agreement(engine, _engine(merge_from=1), pack)
    print(f"Written to {report('merged', rows)}")


def _engine(merge_from: int) -> SdxlEngine:
    config = {"base": str(BASE), "base_model": BASE.name, "dtype": DTYPE, "merge_from_steps": merge_from}
    engine = SdxlEngine(SdxlConfig.model_validate(config))
    engine.load(DEVICE)
    return engine


def _pack(folder: Path, engine: SdxlEngine) -> LocalPack:
    """On the layers that trainers choose unless told otherwise, about as strong as a trained style."""
    path = write_peft_lora(BASE, folder / "style.safetensors", RANK, seed=0, strength=0.1)
    return made_into_pack(path, folder, PeftLoraFormat(NoConfig()), engine.layout())


def _batch(engine: SdxlEngine, pack: LocalPack, runs: int, side: int) -> Iterator[Row]:
    wanted = job(base_model=BASE.name, width=side, height=side, steps=STEPS, guidance_scale=5.0)
    batch = Batch.of([engine.start(wanted, [pack]) for _ in range(runs)])
    outfits = [run.outfit for run in batch.runs]
    merger = Merger(engine.models, from_steps=1, budget=Budget(2**34))
    merger.weights(["unet"], outfits)

    def from_slots() -> None:
        with engine.wardrobe.worn(["unet"], [(run.outfit, run.rows) for run in batch.runs]):
            _forward(engine, batch)

    def with_merged() -> None:
        with exchanged(merger.weights(["unet"], outfits), engine.models):
            _forward(engine, batch)

    def merge() -> None:
        merger.merge(outfits[0])
        _wait()

    times = interleaved({"slots": from_slots, "merged": with_merged, "merge": merge}, RUNS)
    for run in batch.runs:
        engine.end(run)
    yield from _rows(runs, side, times)


def _rows(runs: int, side: int, times: dict[str, list[float]]) -> Iterator[Row]:
    words, name = f"{runs} at {side} px, guidance, rank {RANK} ({MODE})", f"{runs}x{side}"
    what = {"slots": "one UNet forward from slots", "merged": "the same with merged weights", "merge": "a merge"}
    for each, samples in times.items():
        beside = in_words(samples)
        yield row(f"{each}_{name}", f"{what[each]}, {words}", "ms", "", [1000 * second for second in samples], beside)
    middle = {each: statistics.median(samples) for each, samples in times.items()}
    tax = middle["slots"] - middle["merged"]
    steps = middle["merge"] / tax if tax > 0 else NEVER
    yield row(f"break_even_{name}", f"steps that a merge must serve, {words}", "steps", "", [steps])


def _agreement(slots: SdxlEngine, merging: SdxlEngine, pack: LocalPack) -> Iterator[Row]:
    """Of whole pictures, in levels of 256."""
    most, share = [], []
    for seed in range(PICTURES):
        wanted = job(base_model=BASE.name, prompt="a red apple", width=128, height=128, steps=STEPS, seed=seed)
        apart = np.abs(pixels(run_with(slots, wanted, [pack])) - pixels(run_with(merging, wanted, [pack])))
        most.append(float(apart.max()))
        share.append(100 * float((apart.max(axis=-1) > 0).mean()))
    words = f"merged against slots, {STEPS} steps, {PICTURES} pictures ({MODE})"
    yield row("apart_most", f"largest difference, {words}", "levels", "", [max(most)])
    yield row("apart_share", f"pixels that differ at all, worst picture, {words}", "%", "", [max(share)])


def _forward(engine: SdxlEngine, batch: Batch) -> None:
    engine.pipeline.unet(
        torch.cat([run.model_input() for run in batch.runs]),
        torch.cat([run.timestep.reshape(1).expand(run.rows) for run in batch.runs]),
        encoder_hidden_states=batch.tokens,
        added_cond_kwargs=batch.added,
        return_dict=False,
    )
    _wait()


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()

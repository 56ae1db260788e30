"""`make bench-serving`: what changing and mixing adapters costs, beside diffusers and peft in the same process.

Every figure is measured in turn with its rival's, on the same weights, threads and sizes, after a warm-up. All are of
fast mode in float32 on the CPU. BENCH_RUNS sets how many turns are taken, BENCH_BASE a base other than the random one.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench.common import Row, report, row
from bench.rivals import diffusers_lora
from hub.jobs import GenerateJob
from hub.plugin_api import AdapterFormat, LocalPack, NoConfig
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.batch import Batch
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.run import SdxlRun
from plugins.sdxl.samples import write_peft_lora
from plugins.sdxl.tiny_base import write
from tests.serving_jobs import job, made_into_pack

RUNS = int(os.environ.get("BENCH_RUNS", "15"))
BATCH, RANK, MANY = 8, 16, 1000
MODE = "fast mode, float32, CPU"


@dataclass(frozen=True)
class Bench:
    """The engine and the rivals on one base, with the same adapters for both."""

    engine: SdxlEngine
    files: dict[str, Path]
    packs: list[LocalPack]
    with_all: Any
    with_one: Any
    hotswapping: Any


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="irodori-bench-") as folder, torch.no_grad():
        bench = _prepared(Path(folder))
        rows = [*_swaps(bench), _registered(bench), *_mixed(bench), _mixed_end_to_end(bench), _few_steps(bench)]
    print(f"Written to {report('serving', rows)}")


def _prepared(folder: Path) -> Bench:
    named = os.environ.get("BENCH_BASE")
    base = Path(named) if named else write(folder / "base")
    engine = SdxlEngine(SdxlConfig(base=str(base), base_model="tiny-sdxl"))
    engine.load("cpu")
    files = {
        f"style{seed}": _unet_only(write_peft_lora(base, folder / f"style{seed}.safetensors", RANK, seed))
        for seed in range(BATCH)
    }
    packs = [_pack(path, folder, PeftLoraFormat(NoConfig()), engine) for path in files.values()]
    hotswapping = diffusers_lora.pipeline(base)
    hotswapping.enable_lora_hotswap(target_rank=RANK)
    hotswapping.load_lora_weights(str(files["style0"]), adapter_name="style")
    return Bench(engine, files, packs, diffusers_lora.pipeline(base, files), diffusers_lora.pipeline(base), hotswapping)


def _unet_only(path: Path) -> Path:
    """diffusers can't hotswap text encoders, so nobody's adapters have any here."""
    from safetensors.torch import load_file, save_file

    save_file({name: tensor for name, tensor in load_file(path).items() if name.startswith("unet.")}, path)
    return path


def _pack(path: Path, folder: Path, adapter_format: AdapterFormat, engine: SdxlEngine) -> LocalPack:
    return made_into_pack(path, folder, adapter_format, engine.layout())


def _swaps(bench: Bench) -> list[Row]:
    """All that is done between two forwards because the adapter changed."""
    one, other = (_run(bench, [bench.packs[index]]) for index in (0, 1))
    names, paths = list(bench.files), list(bench.files.values())
    turn = {"ours": 0, "set": 0, "hotswap": 0, "load": 0}

    def next_of(rival: str, choices: Sequence[Any]) -> Any:
        turn[rival] += 1
        return choices[turn[rival] % 2]

    def ours() -> None:
        run = next_of("ours", (one, other))
        batch = Batch.of([run])
        with bench.engine.wardrobe.worn(["unet"], [(run.outfit, run.rows) for run in batch.runs]):
            pass  # What the loop does before the UNet's forward for a batch that it did not have before.

    swaps: dict[str, Callable[[], None]] = {
        "ours": ours,
        "set": lambda: diffusers_lora.set_adapters(bench.with_all, next_of("set", names)),
        "hotswap": lambda: diffusers_lora.hotswap(bench.hotswapping, next_of("hotswap", paths)),
        "load": lambda: diffusers_lora.load_and_unload(bench.with_one, next_of("load", paths)),
    }
    times = _interleaved(swaps)
    _end(bench, [one, other])
    return [
        _ratio(f"swap_warm_vs_{rival}", f"change of adapter, against {words}", aim, times[rival], times["ours"])
        for rival, words, aim in (
            ("load", "unload and load", "≥ 1000 x"),
            ("hotswap", "hotswap", "≥ 100 x"),
            ("set", "set_adapters, 8 loaded", "≥ 30 x"),
        )
    ]


def _registered(bench: Bench) -> Row:
    """The same change with a thousand adapters known to the slots as with four."""
    engine = bench.engine

    def known(count: int) -> SdxlEngine:
        made = SdxlEngine(engine.config.model_copy(update={"slot_bytes": 2**34}))
        made.load("cpu")
        for number in range(count):
            use = bench.packs[number % BATCH].use.model_copy(update={"pack_sha256": f"{number:064x}"})
            made.prepare([LocalPack(use, bench.packs[number % BATCH].path)])
        return made

    def swap_in(made: SdxlEngine) -> Callable[[], None]:
        uses = [bench.packs[index].use.model_copy(update={"pack_sha256": f"{index:064x}"}) for index in (0, 1)]
        locals_ = [LocalPack(use, pack.path) for use, pack in zip(uses, bench.packs, strict=False)]
        turn = [0]

        def swap() -> None:
            turn[0] += 1
            outfit = made.wardrobe.dress([locals_[turn[0] % 2]])
            with made.wardrobe.worn(["unet"], [(outfit, 1)]):
                pass
            made.wardrobe.undress(outfit)

        return swap

    times = _interleaved({"few": swap_in(known(4)), "many": swap_in(known(MANY))})
    return _ratio("registered_1000", "change with 1,000 registered, against 4", "≤ 1.1 x", times["many"], times["few"])


def _mixed(bench: Bench) -> list[Row]:
    """UNet only, without guidance: eight adapters in one batch against one by one, and against no adapter."""
    rows = []
    for side, suffix, aim in ((16, "", "≥ 2.5 x"), (32, "_32", "≥ 1.5 x")):
        size = {"width": side * 8, "height": side * 8}
        mixed = [_run(bench, [pack], **size) for pack in bench.packs]
        plain = [_run(bench, [], **size) for _ in bench.packs]
        times = _interleaved(
            {
                "mixed": _forward(bench, Batch.of(mixed)),
                "plain": _forward(bench, Batch.of(plain)),
                "rival": lambda mixed=mixed: _one_by_one(bench, mixed),  # type: ignore[misc] # the default binds it
            }
        )
        _end(bench, [*mixed, *plain])
        words = f"8 adapters in one forward, {side} x {side} latents"
        rows.append(_ratio(f"mixed8_unet{suffix}", f"{words}, against one by one", aim, times["rival"], times["mixed"]))
        if side == 16:
            rows.append(_ratio("adapter_tax", f"{words}, to none", "≥ 0.85 x", times["plain"], times["mixed"]))
    return rows


def _forward(bench: Bench, batch: Batch) -> Callable[[], None]:
    """The UNet for a whole batch, without the scheduler's step, as the rival's is."""

    def forward() -> None:
        inputs = torch.cat([run.model_input() for run in batch.runs])
        timesteps = torch.cat([run.timestep.reshape(1).expand(run.rows) for run in batch.runs])
        with bench.engine.wardrobe.worn(["unet"], [(run.outfit, run.rows) for run in batch.runs]):
            bench.engine.pipeline.unet(
                inputs, timesteps, encoder_hidden_states=batch.tokens, added_cond_kwargs=batch.added, return_dict=False
            )

    return forward


def _one_by_one(bench: Bench, runs: Sequence[SdxlRun]) -> None:
    for name, run in zip(bench.files, runs, strict=True):
        diffusers_lora.set_adapters(bench.with_all, name)
        added = {"text_embeds": run.conditioning.pooled, "time_ids": run.time_ids}
        given = {"encoder_hidden_states": run.conditioning.tokens, "added_cond_kwargs": added}
        diffusers_lora.unet_forward(bench.with_all, {"sample": run.model_input(), "timestep": run.timestep, **given})


def _mixed_end_to_end(bench: Bench) -> Row:
    """Eight requests with guidance 5 and 20 steps: in one batch, and one at a time as diffusers would."""
    steps = {"steps": 20, "guidance_scale": 5.0}

    def ours() -> None:
        runs = [bench.engine.start(_job(**steps), [pack]) for pack in bench.packs]
        while not runs[0].done:
            bench.engine.step(runs)
        for run in runs:
            bench.engine.finish(run)
        _end(bench, runs)

    def rival() -> None:
        for name in bench.files:
            diffusers_lora.set_adapters(bench.with_all, name)
            bench.with_all("a lighthouse", width=128, height=128, num_inference_steps=20, guidance_scale=5.0)

    times = _interleaved({"ours": ours, "rival": rival}, max(2, RUNS // 5))
    words = "8 adapters end to end, 20 steps, guidance 5, against one at a time"
    return _ratio("mixed8_e2e", words, "≥ 1.5 x", times["rival"], times["ours"])


def _few_steps(bench: Bench) -> Row:
    def image() -> None:
        run = bench.engine.start(_job(steps=1), [bench.packs[0]])
        bench.engine.step([run])
        bench.engine.finish(run)
        _end(bench, [run])

    samples = [second * 1000 for second in _interleaved({"ours": image})["ours"]]
    return row("fewstep_cached", f"one image, 1 step, prompt known ({MODE})", "ms", "≤ 300 ms", samples)


def _job(**changes: Any) -> GenerateJob:
    return job(**{"prompt": "a lighthouse", "width": 128, "height": 128, "guidance_scale": 1.0} | changes)


def _run(bench: Bench, packs: Sequence[LocalPack], **changes: Any) -> SdxlRun:
    return bench.engine.start(_job(**changes), packs)


def _end(bench: Bench, runs: Sequence[SdxlRun]) -> None:
    for run in runs:
        bench.engine.end(run)


def _interleaved(works: dict[str, Callable[[], None]], runs: int = RUNS) -> dict[str, list[float]]:
    """Seconds of each work, all taking turns, after two turns that don't count."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(runs + 2):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            if turn >= 2:
                times[name].append(time.perf_counter() - began)
    return times


def _ratio(id_: str, what: str, aim: str, above: list[float], below: list[float]) -> Row:
    """How many times longer `above` takes, from the medians; the sample is that one quotient."""
    ours, rival = (f"{statistics.median(each) * 1000:.3f} ms" for each in (below, above))
    quotient = statistics.median(above) / statistics.median(below)
    return row(id_, f"{what} ({MODE})", "x", aim, [quotient], f"{rival} to {ours}")


if __name__ == "__main__":
    main()

"""Compiled forwards: what adapters add to the base's, whether it matters that they differ, and how many are compiled."""

import random
from collections.abc import Iterator

from torch._dynamo.utils import counters

from bench.common import Row, row
from bench.gpu.bench import BATCH, RANKS, Bench
from bench.timing import in_words, interleaved, ratio

FEW = 1  # Steps of a job that the engine doesn't merge for: what is measured here are slots.
TAXES = {16: "≤ 12 %", 64: "≤ 20 %"}
STRETCH = {16: 4, 64: 9}


def tax(bench: Bench) -> Iterator[Row]:
    """One guided run with an adapter over the same without, both compiled."""
    runs = {rank: bench.runs([[bench.by_rank[rank]] if rank else []], steps=FEW) for rank in (0, *TAXES)}
    times = interleaved({str(rank): bench.forward(own) for rank, own in runs.items()}, bench.size.turns)
    work = {rank: bench.flops(own) for rank, own in runs.items()}
    floor = 1000 * work[0] / bench.ceilings.matmul
    for rank, aim in TAXES.items():
        samples = [100 * (own / base - 1) for own, base in zip(times[str(rank)], times["0"], strict=True)]
        words = (
            f"{in_words(times[str(rank)])}, multiplications {100 * (work[rank] / work[0] - 1):.3g} % more; "
            f"base {in_words(times['0'])}, floor {floor:.3g} ms; stretch ≤ {STRETCH[rank]} %"
        )
        yield row(f"gpu_tax_r{rank}", f"adapter tax, rank {rank} ({bench.size.words})", "%", aim, samples, words)
    bench.end([run for own in runs.values() for run in own])


def mixed(bench: Bench) -> Iterator[Row]:
    different, equal = (
        bench.runs(worn, steps=FEW) for worn in ([[pack] for pack in bench.packs], [bench.packs[:1]] * BATCH)
    )
    times = interleaved({"different": bench.forward(different), "equal": bench.forward(equal)}, bench.size.turns)
    floor = 1000 * bench.flops(different) / bench.ceilings.matmul
    bench.end([*different, *equal])
    what = f"{BATCH} different against {BATCH} equal adapters, one forward, floor {floor:.3g} ms ({bench.size.words})"
    yield ratio("gpu_mixed8", what, "≥ 0.95 x", times["equal"], times["different"], ("equal", "different"))


def recompiles(bench: Bench) -> Iterator[Row]:
    """Steps of one run each time with another adapter, after each rank was seen once."""
    draw = random.Random(0)  # noqa: S311 - draws adapters, no secrets
    changes = {"width": bench.size.small_side, "height": bench.size.small_side, "guidance_scale": 1.0, "steps": FEW}

    def step(rank: int) -> None:
        (run,) = bench.runs([[bench.by_rank[rank]]], **changes)
        bench.engine.step([run])
        bench.engine.end(run)

    for rank in RANKS:
        step(rank)
    before = counters["stats"]["unique_graphs"]
    for _ in range(bench.size.swaps):
        step(draw.choice(RANKS))
    made = counters["stats"]["unique_graphs"] - before
    what = f"graphs made in {bench.size.swaps:,} random swaps, ranks {RANKS[0]} to {RANKS[-1]} ({bench.size.words})"
    yield row("gpu_recompiles", what, "graphs", "≤ 0 graphs", [made], f"before: {before}")

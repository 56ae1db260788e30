"""Whole requests, one at a time, each in another style than the last: from the job to the PNG."""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from bench.common import Row, row
from bench.gpu.bench import GUIDANCE, Bench
from bench.gpu.ceilings import synced
from bench.rivals import compiled_lora, computing, diffusers_lora
from bench.timing import in_words, interleaved, ratio

AIMS = {"load": "≥ 2.2 x", "hotswap": "≥ 1.15 x"}
RIVALS = {"load": "diffusers, loading for each request", "hotswap": "diffusers, compiled, hotswapping"}


def single(bench: Bench) -> Iterator[Row]:
    works = {"ours": _ours(bench), **_rivals(bench)}
    times = interleaved({name: synced(work) for name, work in works.items()}, max(2, bench.size.turns // 3))
    floor = 1000 * bench.picture_floor(bench.packs[:1])
    asked = f"{bench.size.side} px, {bench.size.steps} steps, guidance"
    for name, aim in AIMS.items():
        what = f"a picture, {asked}, against {RIVALS[name]}; floor {floor:.3g} ms ({bench.size.words})"
        yield ratio(f"gpu_single_{name}", what, aim, times[name], times["ours"], (name, "ours"))


def realtime(bench: Bench) -> Iterator[Row]:
    small = {"width": bench.size.small_side, "height": bench.size.small_side, "steps": 1, "guidance_scale": 1.0}
    work = synced(lambda: bench.picture(bench.packs[:1], **small))
    times = interleaved({"ours": work}, bench.size.turns)["ours"]
    floor = f"{in_words(times)}; floor {1000 * bench.picture_floor(bench.packs[:1], **small):.3g} ms"
    what = f"a picture, {bench.size.small_side} px, 1 step, prompt known ({bench.size.words})"
    yield row("gpu_realtime", what, "ms", "≤ 100 ms", [1000 * second for second in times], floor)


def _ours(bench: Bench) -> Callable[[], object]:
    turn = cycle(bench.packs)
    return lambda: bench.picture([next(turn)])


def _rivals(bench: Bench) -> dict[str, Callable[[], object]]:
    size, files = bench.size, bench.files
    loading = diffusers_lora.pipeline(bench.base, dtype=size.dtype, device=size.device)
    swapping = compiled_lora.pipeline(
        bench.base, files[0], 16, dtype=size.dtype, device=size.device, backend=size.backend
    )
    loaded, swapped = cycle(files), cycle([*files[1:], files[0]])
    asked = bench.job()
    wanted: dict[str, Any] = {
        "prompt": asked.prompt,
        "width": asked.width,
        "height": asked.height,
        "num_inference_steps": asked.steps,
        "guidance_scale": GUIDANCE,
        "seed": asked.seed,
    }

    def load() -> None:
        diffusers_lora.load_and_unload(loading, next(loaded))
        computing.picture(loading, **wanted)

    def hotswap() -> None:
        diffusers_lora.hotswap(swapping, next(swapped))
        computing.picture(swapping, **wanted)

    return {"load": load, "hotswap": hotswap}

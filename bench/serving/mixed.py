"""Eight adapters in one batch: one UNet forward, and whole pictures, against one request at a time."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch

from bench.common import Row, row
from bench.rivals import computing, diffusers_lora
from bench.serving.bench import BATCH, MODE, RUNS, SEED, Bench, rival_inputs
from bench.timing import in_words, interleaved, ratio
from plugins.sdxl.batch import Batch
from plugins.sdxl.run import SdxlRun

STEPS, GUIDANCE = 20, 5.0


def mixed_unet(bench: Bench) -> Iterator[Row]:
    """Without guidance; at the smaller size also against the same batch without any adapter."""
    for side, id_, aim in ((16, "mixed8_unet", "≥ 2.5 x"), (32, "mixed8_unet_32", "≥ 1.5 x")):
        pixels = side * bench.engine.pipeline.vae_scale_factor
        mixed = [bench.run([pack], width=pixels, height=pixels) for pack in bench.packs]
        plain = [bench.run([], width=pixels, height=pixels) for _ in bench.packs]
        works: dict[str, Callable[[], object]] = {
            "mixed": bench.forward(Batch.of(mixed)),
            "plain": bench.forward(Batch.of(plain)),
            "rival": partial(_one_by_one, bench, mixed),
        }
        times = interleaved(works, RUNS)
        bench.end([*mixed, *plain])
        words = f"{BATCH} adapters in one forward, {side} x {side} latents, against"
        rival = ("one by one", "mixed")
        yield ratio(id_, f"{words} set_adapters one by one ({MODE})", aim, times["rival"], times["mixed"], rival)
        if side == 16:
            none = ("without adapters", "mixed")
            what = f"{words} the same batch without any ({MODE})"
            yield ratio("adapter_tax", what, "≥ 0.85 x", times["plain"], times["mixed"], none)


def _one_by_one(bench: Bench, runs: Sequence[SdxlRun]) -> None:
    for name, run in zip(bench.files, runs, strict=True):
        diffusers_lora.set_adapters(bench.with_all, name)
        computing.unet_forward(bench.with_all, rival_inputs(run))


def end_to_end(bench: Bench) -> Iterator[Row]:
    """From the requests to the pictures, ours as PNG; the prompt is known to ours, as it is after its first request."""

    def ours() -> None:
        runs = [bench.run([pack], steps=STEPS, guidance_scale=GUIDANCE) for pack in bench.packs]
        while not runs[0].done:
            bench.engine.step(runs)
        for run in runs:
            bench.engine.finish(run)
        bench.end(runs)

    def rival() -> None:
        asked = bench.job()
        for name in bench.files:
            diffusers_lora.set_adapters(bench.with_all, name)
            bench.with_all(
                asked.prompt,
                width=asked.width,
                height=asked.height,
                num_inference_steps=STEPS,
                guidance_scale=GUIDANCE,
                generator=torch.Generator("cpu").manual_seed(SEED),
            )

    times = interleaved({"ours": ours, "rival": rival}, max(2, RUNS // 5))
    what = f"{BATCH} adapters end to end, {STEPS} steps, guidance {GUIDANCE:g}, against one at a time ({MODE})"
    yield ratio("mixed8_e2e", what, "≥ 1.5 x", times["rival"], times["ours"], ("one at a time", "mixed"))


def few_steps(bench: Bench) -> Iterator[Row]:
    def image() -> None:
        run = bench.run([bench.packs[0]], steps=1)
        bench.engine.step([run])
        bench.engine.finish(run)
        bench.end([run])

    times = interleaved({"ours": image}, RUNS)["ours"]
    samples = [1000 * second for second in times]
    what = f"one image, 1 step, prompt known ({MODE})"
    yield row("fewstep_cached", what, "ms", "≤ 300 ms", samples, in_words(times))

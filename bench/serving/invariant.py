"""What it costs that a picture's bytes don't depend on who shares its batch: eight different adapters in both modes."""

from collections.abc import Callable, Iterator

from bench.common import Row
from bench.serving.bench import BASE, BATCH, RUNS, Bench, engine
from bench.serving.mixed import GUIDANCE
from bench.timing import interleaved, ratio
from plugins.sdxl.engine import SdxlEngine

STEPS = 8


def invariant_cost(bench: Bench) -> Iterator[Row]:
    """From the requests to the PNGs; invariant mode computes one run after another."""
    works = {"invariant": _pictures(bench, engine(mode="invariant")), "fast": _pictures(bench, bench.engine)}
    times = interleaved(works, max(2, RUNS // 5))
    rates = ", ".join(f"{name} {BATCH * len(own) / sum(own):.3g} pictures a second" for name, own in times.items())
    what = (
        f"{BATCH} adapters end to end, {STEPS} steps, guidance {GUIDANCE:g}, invariant mode against fast mode "
        f"({BASE.name}, float32, CPU; {rates})"
    )
    yield ratio("invariant_cost", what, "", times["invariant"], times["fast"], ("invariant", "fast"))


def _pictures(bench: Bench, made: SdxlEngine) -> Callable[[], None]:
    wanted = bench.job(steps=STEPS, guidance_scale=GUIDANCE)

    def work() -> None:
        runs = [made.start(wanted, [pack]) for pack in bench.packs]
        while not runs[0].done:
            made.step(runs)
        for run in runs:
            made.finish(run)
            made.end(run)

    return work

"""`make bench-serving`: what changing and mixing adapters costs, beside diffusers and peft in the same process.

Every figure is measured in turn with its rival's, on the same weights, threads, seeds and sizes, after a warm-up. Names of
subjects as arguments measure only these. BENCH_RUNS sets how many turns are taken, BENCH_REQUESTS how many requests come
under load, BENCH_BASE a base other than the one that ships.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from rich.console import Console

from bench.common import Row, report
from bench.serving.bench import Bench
from bench.serving.invariant import invariant_cost
from bench.serving.load import load
from bench.serving.mixed import end_to_end, few_steps, mixed_unet
from bench.serving.swaps import registered, swaps


def _cold(_: Bench) -> list[Row]:
    # Only here, for it builds models of SDXL's full size.
    from bench import serving_cold

    return serving_cold.rows()


SUBJECTS: dict[str, tuple[Callable[[Bench], Iterable[Row]], Sequence[str]]] = {
    "swaps": (swaps, ("swap_warm_vs_load", "swap_warm_vs_hotswap", "swap_warm_vs_set")),
    "mixed_unet": (mixed_unet, ("mixed8_unet", "mixed8_unet_32", "adapter_tax")),
    "few_steps": (few_steps, ("fewstep_cached",)),
    "end_to_end": (end_to_end, ("mixed8_e2e",)),
    "invariant": (invariant_cost, ("invariant_cost",)),
    "registered": (registered, ("registered_1000",)),
    "load": (load, ("p99_load", "max_rate")),
    "cold": (_cold, ("swap_cold_vs_load", "swap_cold_vs_hotswap")),
}


def main(chosen: Sequence[str]) -> None:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="irodori-bench-") as folder, torch.no_grad():
        bench = Bench(Path(folder))
        for name in chosen or SUBJECTS:
            rows += _measured(bench, name)
    path = report("serving" if not chosen else f"serving-{'-'.join(chosen)}", rows)
    missing = {id_ for _, ids in SUBJECTS.values() for id_ in ids} - {row.id for row in rows}
    for id_ in sorted(missing):
        print(f"{id_}: not measured")
    print(f"Written to {path}")


def _measured(bench: Bench, name: str) -> list[Row]:
    """What could be measured: a subject that breaks costs its own rows and no others."""
    rows: list[Row] = []
    try:
        for each in SUBJECTS[name][0](bench):
            rows.append(each)
            # Under load it takes an hour until all of them stand in the table.
            print(f"{each.id}: {each.value:.3g} {each.unit} ({each.rival})", flush=True)
    except Exception:  # noqa: BLE001 - shown whole, and its rows as not measured
        Console(stderr=True).print_exception()
    return rows


if __name__ == "__main__":
    main(sys.argv[1:])

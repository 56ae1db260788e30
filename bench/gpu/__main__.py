"""`make bench-gpu`: what changing and mixing adapters costs on a CUDA device, with the floor beside each figure.

A base with SDXL's shapes and random weights is written first (7 GB below the system's folder for temporary files), and every
new shape is compiled once, about ten in all: the whole takes ten minutes or so. Names of subjects as arguments measure only
these. `--tiny` runs the same code with a few layers on the CPU, which says that it runs and nothing of speed: no aims. The copy
bandwidth, the bus and the matrix throughput that floors are made of are measured in the same run.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from bench.common import Row, report
from bench.gpu.bench import Bench
from bench.gpu.forwards import mixed, recompiles, tax
from bench.gpu.pictures import realtime, single
from bench.gpu.size import FULL, TINY, Size
from bench.gpu.swaps import host_to_device, swap

SUBJECTS: dict[str, tuple[Callable[[Bench], Iterable[Row]], dict[str, str]]] = {
    "swap": (swap, {"gpu_swap": "≤ 50 µs", "gpu_swap_gather": "≤ 2 x the memory floor"}),
    "h2d": (
        host_to_device,
        {
            "gpu_h2d_r16": "≤ 2 x the bus floor",
            "gpu_h2d_r64": "≤ 2 x the bus floor",
            "gpu_h2d_hidden": "≤ 1 % of a request",
        },
    ),
    "tax": (tax, {"gpu_tax_r16": "≤ 12 %", "gpu_tax_r64": "≤ 20 %"}),
    "mixed": (mixed, {"gpu_mixed8": "≥ 0.95 x"}),
    "single": (single, {"gpu_single_load": "≥ 2.2 x", "gpu_single_hotswap": "≥ 1.15 x"}),
    "recompiles": (recompiles, {"gpu_recompiles": "0"}),
    "realtime": (realtime, {"gpu_realtime": "≤ 100 ms"}),
}


def main(arguments: Sequence[str]) -> None:
    chosen = [name for name in arguments if name != "--tiny"] or list(SUBJECTS)
    size = TINY if "--tiny" in arguments else FULL
    if size.device == "cuda" and not torch.cuda.is_available():
        _list_unmeasured(chosen, [])
        print("This machine has no CUDA device, so nothing was measured. --tiny runs the same code on the CPU.")
        return
    rows = measure(size, chosen)
    path = report("gpu" if size is FULL else "gpu-tiny", rows)
    _list_unmeasured(chosen, rows)
    print(f"Written to {path}")


def measure(size: Size, chosen: Sequence[str]) -> list[Row]:
    """What could be measured: a subject that breaks costs its own rows and no others."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="irodori-bench-") as folder, torch.no_grad():
        bench = Bench(Path(folder), size)
        print(f"Ceilings: {bench.ceilings.words}")
        for name in chosen:
            try:
                rows.extend(own if size is FULL else replace(own, aim="") for own in SUBJECTS[name][0](bench))
            except Exception:  # noqa: BLE001 - shown whole, and its rows as not measured
                Console(stderr=True).print_exception()
    return rows


def _list_unmeasured(chosen: Sequence[str], rows: Sequence[Row]) -> None:
    table = Table("id", "value", "aim", title="bench-gpu")
    for name in chosen:
        for id_, aim in SUBJECTS[name][1].items():
            if id_ not in {row.id for row in rows}:
                table.add_row(id_, "not measured", aim)
    if table.row_count:
        Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])

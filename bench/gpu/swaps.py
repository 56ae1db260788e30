"""What it costs on the device that other adapters are worn, or that one comes from host memory."""

import statistics
from collections.abc import Iterator

import torch

from bench.common import Row, row
from bench.gpu.bench import BATCH, Bench
from bench.gpu.ceilings import synced
from bench.timing import in_words, interleaved
from plugins.sdxl.slots.arena import Arena
from plugins.sdxl.slots.bank import Bank
from plugins.sdxl.slots.budget import Budget
from plugins.sdxl.slots.rows import HostRow, RowLayout


def swap(bench: Bench) -> Iterator[Row]:
    """Resident adapters: the write of how strongly they are worn, and the copies into the arena and beside the weights."""
    runs = bench.runs([[pack] for pack in bench.packs])
    seats = [run.outfit.seats("unet")[0] for run in runs]
    bank = seats[0].bank
    arena = Arena(bank.layout, BATCH, bank.dtype, bank.device)
    weights = [seat.weight for seat in seats]
    tails = bench.compiled.layers.tails

    def gather() -> None:
        arena.gather(seats)
        arena.version += 1
        tails.fill(arena)

    times = interleaved(
        {"write": synced(lambda: arena.weigh(weights)), "gather": synced(gather)}, 10 * bench.size.turns
    )
    bench.end(runs)
    write = [1e6 * second for second in times["write"]]
    floor = 2 * (arena.rows.nbytes + tails.nbytes_for(arena)) / bench.ceilings.copy
    bus = 1e6 * arena.weights.nbytes / bench.ceilings.bus
    what = f"write of the weights of {BATCH} runs: a part of a swap, alone it changes no picture ({bench.size.words})"
    yield row("gpu_swap", what, "µs", "≤ 50 µs", write, f"{in_words(times['write'])}; floor {bus:.2g} µs (bus)")
    yield _times_floor(
        "gpu_swap_gather",
        f"gather of {BATCH} adapters, rank 16, and the write: a whole swap",
        "memory",
        times["gather"],
        floor,
        bench,
    )


def host_to_device(bench: Bench) -> Iterator[Row]:
    for rank in (16, 64):
        (slots, slot), adapter = _slot(bench, rank), _host_row(bench, rank)
        samples = interleaved({"load": synced(lambda: slots.load(slot, adapter))}, bench.size.turns)["load"]  # noqa: B023 - called in this turn
        floor = adapter.data.nbytes / bench.ceilings.bus
        yield _times_floor(f"gpu_h2d_r{rank}", f"host to device, rank {rank}", "bus", samples, floor, bench)
    yield _hidden(bench)


def _hidden(bench: Bench) -> Row:
    """A request during whose steps another's adapter of rank 64 arrives, against the same alone."""
    (slots, slot), adapter = _slot(bench, 64), _host_row(bench, 64)

    def request() -> None:
        bench.picture(bench.packs[:1])

    def with_a_load() -> None:
        slots.load(slot, adapter)
        request()

    times = interleaved({"alone": synced(request), "loading": synced(with_a_load)}, max(2, bench.size.turns // 3))
    longer = [100 * (both / alone - 1) for both, alone in zip(times["loading"], times["alone"], strict=True)]
    share = 100 * adapter.data.nbytes / bench.ceilings.bus / statistics.median(times["alone"])
    floor = f"not hidden: {share:.2g} %; alone {in_words(times['alone'])}, loading {in_words(times['loading'])}"
    what = f"load of rank 64 beside a request of {bench.size.steps} steps, longer by ({bench.size.words})"
    return row("gpu_h2d_hidden", what, "%", "≤ 1 %", longer, floor)


def _times_floor(id_: str, what: str, of: str, samples: list[float], floor: float, bench: Bench) -> Row:
    """A figure as a multiple of what the bytes take at the measured ceiling."""
    words = f"floor {1000 * floor:.3g} ms ({of}); took {in_words(samples)}"
    return row(id_, f"{what} ({bench.size.words})", "x", "≤ 2 x", [sample / floor for sample in samples], words)


def _slot(bench: Bench, rank: int) -> tuple[Bank, int]:
    layout = RowLayout(bench.engine.layout().modules("unet"), rank)
    bank = Bank(layout, bench.size.dtype, torch.device(bench.size.device), Budget(bench.size.device_bytes))
    return bank, bank.take()


def _host_row(bench: Bench, rank: int) -> HostRow:
    layout = RowLayout(bench.engine.layout().modules("unet"), rank)
    pinned = bench.size.device == "cuda"
    data = torch.zeros(layout.width, dtype=bench.size.dtype, pin_memory=pinned)
    return HostRow(rank, data, torch.zeros(len(layout.places), pin_memory=pinned), 0)

"""What it costs that the next forward has another adapter than the last, the first forward's extra time included."""

import statistics
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from bench.common import Row, row
from bench.rivals import computing, diffusers_lora
from bench.serving.bench import BASE, BATCH, MODE, RANK, RUNS, Bench, engine, rival_inputs
from bench.timing import WARM_UP, Times, in_words, interleaved, ratio, seconds
from hub.plugin_api import LocalPack
from plugins.sdxl.batch import Batch
from plugins.sdxl.engine import SdxlEngine

MANY, FEW = 1000, 4
RIVALS = {
    "load": ("unload and load", "≥ 1000 x"),
    "hotswap": ("hotswap", "≥ 100 x"),
    "set": (f"set_adapters, {BATCH} loaded", "≥ 30 x"),
}
Work = Callable[[], Any]


def swaps(bench: Bench) -> Iterator[Row]:
    """All that is done between two forwards because the adapter changed, and the first forward against a second."""
    works = {"ours": _ours(bench), **_rivals(bench)}
    changes, extras = _measured(works)
    for rival, (words, aim) in RIVALS.items():
        what = f"change of adapter, against {words} ({MODE})"
        yield ratio(f"swap_warm_vs_{rival}", what, aim, changes[rival], changes["ours"], (rival, "ours"))
    for name in works:
        what = f"first forward after a change over a second one, {name} ({MODE})"
        samples = [1000 * extra for extra in extras[name]]
        yield row(
            f"swap_first_forward_{name}",
            what,
            "ms",
            "",
            samples,
            f"{in_words(extras[name])}; the change: {in_words(changes[name])}",
        )


def _measured(works: dict[str, tuple[Work, Work]]) -> tuple[Times, Times]:
    changes: Times = {name: [] for name in works}
    extras: Times = {name: [] for name in works}
    for turn in range(RUNS + WARM_UP):
        for name, (change, forward) in works.items():
            changed, first, second = seconds(change), seconds(forward), seconds(forward)
            if turn >= WARM_UP:
                changes[name].append(changed)
                extras[name].append(first - second)
    return changes, extras


def _ours(bench: Bench) -> tuple[Work, Work]:
    turns = cycle([bench.run([pack]) for pack in bench.packs[:2]])
    now: list[Batch] = []

    def change() -> None:
        """What the loop does before the UNet's forward for a batch that it did not have before."""
        now[:] = [Batch.of([next(turns)])]
        with bench.engine.wardrobe.worn(["unet"], [(run.outfit, run.rows) for run in now[0].runs]):
            pass

    return change, lambda: bench.forward(now[0])()


def _rivals(bench: Bench) -> dict[str, tuple[Work, Work]]:
    inputs = rival_inputs(bench.run([]))
    paths, names = list(bench.files.values())[:2], cycle(list(bench.files)[:2])
    loading, hotswapping = (diffusers_lora.pipeline(BASE) for _ in range(2))
    hotswapping.enable_lora_hotswap(target_rank=RANK)
    hotswapping.load_lora_weights(str(paths[1]), adapter_name="style")
    loaded, swapped = cycle(paths), cycle(paths)
    return {
        "load": (
            lambda: diffusers_lora.load_and_unload(loading, next(loaded)),
            lambda: computing.unet_forward(loading, inputs),
        ),
        "hotswap": (
            lambda: diffusers_lora.hotswap(hotswapping, next(swapped)),
            lambda: computing.unet_forward(hotswapping, inputs),
        ),
        "set": (
            lambda: diffusers_lora.set_adapters(bench.with_all, next(names)),
            lambda: computing.unet_forward(bench.with_all, inputs),
        ),
    }


def registered(bench: Bench) -> Iterator[Row]:
    """The change with a thousand adapters known to the slots, against four."""
    times = interleaved({"many": _change(bench, MANY), "few": _change(bench, FEW)}, 10 * RUNS)
    what = f"change of adapter with {MANY:,} registered, against {FEW} ({MODE})"
    yield _middle(ratio("registered_1000", what, "≤ 1.1 x", times["many"], times["few"], ("many", "few")), times)


def _middle(measured: Row, times: Times) -> Row:
    """Of microseconds a turn's quotient says little, so this one's value is that of the medians."""
    quotient = statistics.median(times["many"]) / statistics.median(times["few"])
    return row(measured.id, measured.what, measured.unit, measured.aim, [quotient], measured.rival)


def _change(bench: Bench, count: int) -> Work:
    made = engine(device_bytes=2**30)
    for number in range(count):
        made.prepare([_renamed(bench, number)])
    turns = cycle([_renamed(bench, count - 1), _renamed(bench, count - 2)])
    return lambda: _dressed(made, next(turns))


def _renamed(bench: Bench, number: int) -> LocalPack:
    pack = bench.packs[number % BATCH]
    return LocalPack(pack.use.model_copy(update={"pack_sha256": f"{number:064x}"}), pack.path)


def _dressed(made: SdxlEngine, pack: LocalPack) -> None:
    outfit = made.wardrobe.dress([pack])
    with made.wardrobe.worn(["unet"], [(outfit, 1)]):
        pass
    made.wardrobe.undress(outfit)

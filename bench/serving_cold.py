"""`make bench-serving_cold`: what changing to an adapter costs that lies on this machine's disk only, at SDXL's full size.

722 modules, rank 16, 81 MiB in bfloat16, on SDXL 1.0's UNet. From the local pack to the slot that the next forward reads,
all checksums included; diffusers reads the same tensors from a file of its own. All files are in the system's page cache,
as they are for whoever writes or fetches one. The UNets' own weights are never computed with, so they hold whatever lay in
memory. All works take turns in one process, after two turns that don't count. BENCH_RUNS sets how many count.

A worker opens a pack when the message that names it comes, so its loop knows where each matrix lies and the bytes are all
that is missing: `swap_cold`. `swap_first` is stricter than any worker is: the pack is opened anew each time.
"""

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline, UNet2DConditionModel

from bench.adapters import write_adapter
from bench.common import Row, report, row
from bench.rivals import diffusers_lora
from bench.timing import in_words, interleaved
from hub.jobs import AdapterUse
from hub.plugin_api import NoConfig
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.adapters import Wardrobe
from plugins.sdxl.layout import layout_of_models
from plugins.sdxl.plugin import SdxlConfig
from serving.adapters.cache import PackCache
from tests.sdxl_1_0 import UNET
from tests.serving_jobs import made_into_pack

RUNS = int(os.environ.get("BENCH_RUNS", "7"))
RANK, FILES = 16, 3
DTYPE = torch.bfloat16
DEVICE_BYTES = 200 * 2**20  # Two slots for three adapters: each has left when its turn comes again.
WORDS = {
    "cold": "change of adapter from the local pack",
    "first": "the same, with the pack opened anew",
}
MODE = "fast mode, bfloat16, CPU, rank 16, 722 modules"


def main() -> None:
    print(f"Written to {report('serving_cold', rows())}")


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="irodori-bench-") as folder, torch.no_grad():
        files = [_adapter(Path(folder) / f"style{seed}.safetensors", seed) for seed in range(FILES)]
        cache, uses = _disk(files, Path(folder))
        cold, first = _Ours(cache, uses, host_bytes=SdxlConfig().host_bytes), _Ours(cache, uses, host_bytes=0)
        times = interleaved(
            {
                "cold": cold.swap,
                "first": first.swap,
                "hotswap": _each(files, _hotswapping(files[0])),
                "load": _each(files, _loading()),
                "memcpy": _copying(files[0].stat().st_size),
            },
            RUNS,
        )
        for ours in (cold, first):
            assert ours.loads == RUNS + 2, "An adapter was still in its slot, so the swap was not cold."
    return [*_ratios(times), *map(partial(_milliseconds, times), WORDS)]


class _Ours:
    """The wardrobe of a worker whose disk holds some packs."""

    def __init__(self, cache: PackCache, uses: Sequence[AdapterUse], *, host_bytes: int) -> None:
        models = {"unet": _unet()}
        self.wardrobe = Wardrobe(models, layout_of_models(models), device_bytes=DEVICE_BYTES, host_bytes=host_bytes)
        self._cache, self._next = cache, cycle(uses)

    @property
    def loads(self) -> int:
        return next(tier.misses for tier in self.wardrobe.tiers() if tier.name == "slots")

    def swap(self) -> None:
        """What a worker's thread and its loop do between the forwards of two requests."""
        with self._cache.hold([next(self._next)]) as packs:
            outfit = self.wardrobe.dress(packs)
            with self.wardrobe.worn(["unet"], [(outfit, 1)]):
                pass
            self.wardrobe.undress(outfit)


def _disk(files: Sequence[Path], folder: Path) -> tuple[PackCache, list[AdapterUse]]:
    """The cache of a worker that has verified every pack, and what names them."""
    layout = layout_of_models({"unet": _unet()})
    packs = [made_into_pack(path, folder, PeftLoraFormat(NoConfig()), layout) for path in files]
    stored = {pack.use.pack_key: pack.path for pack in packs}
    cache, uses = PackCache(folder / "packs", 2**40, lambda key: _chunks(stored[key])), [pack.use for pack in packs]
    with cache.hold(uses):
        pass
    return cache, uses


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            yield chunk


def _unet() -> Any:
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(UNET).to(DTYPE)
    return unet.to_empty(device="cpu").requires_grad_(False)


def _pipeline() -> Any:
    """With a UNet only; loading adapters for it needs no more."""
    others = ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler")
    return StableDiffusionXLPipeline(unet=_unet(), add_watermarker=False, **dict.fromkeys(others))


def _loading() -> Callable[[Path], None]:
    pipe = _pipeline()
    return lambda path: diffusers_lora.load_and_unload(pipe, path)


def _hotswapping(first: Path) -> Callable[[Path], None]:
    pipe = _pipeline()
    pipe.enable_lora_hotswap(target_rank=RANK)
    pipe.load_lora_weights(str(first), adapter_name="style")
    return lambda path: diffusers_lora.hotswap(pipe, path)


def _copying(count: int) -> Callable[[], object]:
    """The floor: so many bytes from one place in memory to another."""
    source, target = torch.ones(count, dtype=torch.uint8), torch.ones(count, dtype=torch.uint8)
    return lambda: target.copy_(source)


def _adapter(path: Path, seed: int) -> Path:
    with torch.device("meta"):
        shapes = layout_of_models({"unet": UNet2DConditionModel.from_config(UNET)}).modules("unet")
    return write_adapter(path, shapes, RANK, seed, DTYPE)


def _each(files: Sequence[Path], change: Callable[[Path], None]) -> Callable[[], None]:
    """Every call takes the next file; the first is what the rival begins with."""
    turn = cycle([*files[1:], files[0]])
    return lambda: change(next(turn))


def _ratios(times: dict[str, list[float]]) -> list[Row]:
    middle = {name: statistics.median(each) for name, each in times.items()}
    return [
        row(
            f"swap_{ours}_vs_{rival}",
            f"{WORDS[ours]}, checksum included, against {words} ({MODE})",
            "x",
            aim if ours == "cold" else "",
            [middle[rival] / middle[ours]],
            f"{rival} {in_words(times[rival])}; ours {in_words(times[ours])}",
        )
        for ours in WORDS
        for rival, words, aim in (("load", "unload and load", "≥ 50 x"), ("hotswap", "hotswap", "≥ 15 x"))
    ]


def _milliseconds(times: dict[str, list[float]], ours: str) -> Row:
    samples = [second * 1000 for second in times[ours]]
    beside = f"{in_words(times[ours])}; one copy in memory {in_words(times['memcpy'])}"
    return row(f"swap_{ours}", f"{WORDS[ours]}, by itself ({MODE})", "ms", "", samples, beside)


if __name__ == "__main__":
    main()

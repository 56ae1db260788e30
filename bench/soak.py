"""`make soak`: ten thousand operations on one engine, every image compared.

Sixteen threads submit random requests of a random base (two sizes, two schedulers, 2 steps, up to two styles each, some with a
DoRA that replaces weights) while others are cancelled, and one in a hundred operations hands in a file that must be refused,
or whose numbers are none. Every image is compared with the one that
its request gives alone; the base's parameters must be the same bytes at the end. A failure names the seed: `--seed` repeats it.
"""

import argparse
import gc
import hashlib
import random
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice, permutations, product
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import psutil
import torch
from safetensors.torch import save_file

from bench.common import Row, report, row
from hub.jobs import GenerateJob
from hub.plugin_api import Engine, LocalPack, NoConfig
from hub.tensor_file import parse_header
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.kohya_lora.names import flat_name
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.samples import write_peft_lora
from plugins.sdxl.tiny_base import write
from serving.engine.loop import EngineLoop
from serving.engine.ticket import CancelledError, Ticket
from tests.factories.adapter_kinds import Draw, dora
from tests.serving_jobs import job, made_into_pack, pixels

THREADS, STYLES, KINDS, DEADLINE = 16, 12, 200, 3600.0
RANKS = (4, 8, 16)
WIDTHS, SCHEDULERS = (64, 64, 64, 96), ("euler", "dpmpp_2m")
WITH_DORA = 0.15
DORA_ON = ("mid_block.attentions.0.transformer_blocks.0.attn1.to_q", "down_blocks.0.resnets.0.conv1")
NO_NUMBERS = (np.nan, np.inf)
# Of queries torch's attention on the CPU leaves out what is no number, so such a style would be only wrong.
SPOILED = ".ff.net.2.lora_B.weight"
HOSTILE, CANCELLED, BROKEN = 0.01, 0.02, 40
# A wrong adapter changes most pixels by many levels; rounding, which random weights amplify, moves few by one (decision 9).
MAY_DIFFER, LEVELS = 0.02, 2
MB = 1e6


class SoakError(AssertionError):
    """An image was wrong, a hostile file was taken, or the base changed."""


@dataclass(frozen=True)
class Request:
    job: GenerateJob
    packs: tuple[LocalPack, ...]


@dataclass(frozen=True)
class Outcome:
    """Of a whole soak; `memory` is what was resident after each tenth, in MB, the fullest batches met before."""

    images: int
    refused: int
    cancelled: int
    memory: tuple[float, ...]

    @property
    def growth(self) -> float:
        """In per cent of the memory after the first tenth."""
        return 100 * (self.memory[-1] / self.memory[0] - 1)


class Soak:
    def __init__(self, folder: Path, kinds: int, seed: int) -> None:
        self.seed, self._folder = seed, folder
        base = write(folder / "base")
        self._engine = SdxlEngine(SdxlConfig(base=str(base), base_model="tiny-sdxl"))
        self._loop = EngineLoop({"sdxl": self._engine}, "cpu", DEADLINE)
        self._loop.start()
        self._packs = [self._packed(base, number) for number in range(STYLES)]
        self._dora = self._packed_dora()
        chance = random.Random(seed)  # noqa: S311 - no secret
        self._requests = list(_requests(chance, kinds, self._packs, self._dora))
        # Made before the storm: what sixteen threads read and cut would stay with the allocator and count as growth.
        self._broken = [self._broken_file(number, chance) for number in range(BROKEN)]
        self._spoiled = [self._spoiled_file(number) for number in NO_NUMBERS]
        self._alone: dict[int, Any] = {}
        self._guard = Lock()

    def run(self, count: int) -> Outcome:
        try:
            return self._run(count)
        finally:
            self._loop.stop()

    def _run(self, count: int) -> Outcome:
        before = self._loop.call(lambda engines: engines["sdxl"].fingerprint())
        self._draw_alone()
        self._meet_every_size()
        done, memory = [], []
        with ThreadPoolExecutor(THREADS) as threads:
            for tenth in range(10):
                numbers = range(tenth * count // 10, (tenth + 1) * count // 10)
                done += list(threads.map(self._operation, numbers))
                memory.append(_memory())
        if self._loop.call(lambda engines: engines["sdxl"].fingerprint()) != before:
            raise SoakError(f"The base's parameters changed (seed {self.seed}).")
        images, refused, cancelled = (done.count(kind) for kind in ("image", "refused", "cancelled"))
        return Outcome(images, refused, cancelled, tuple(memory))

    def _draw_alone(self) -> None:
        """Before the storm, one after another: what each of the different requests gives when nobody shares its steps."""
        for number, request in enumerate(self._requests):
            image = self._loop.submit(Ticket(request.job, request.packs)).result()
            self._alone[number] = pixels(image).astype(np.int16)

    def _meet_every_size(self) -> None:
        """One step of every number of rows that the loop's batches have, each time of other requests, and of the fullest.

        torch keeps kernels for every number of rows, 2 MB here, and the engine room for the largest mix that it gathered.
        Both end there; without this a worker would go on meeting larger ones for thousands of requests.
        """
        most = self._loop.max_batch
        sharing = [
            request for request in self._requests if self._dora.path not in {pack.path for pack in request.packs}
        ]
        for width, rows in product(sorted(set(WIDTHS)), range(1, 2 * most + 1)):
            guidance = [5.0] * (rows // 2) + [1.0] * (rows % 2)
            self._step_once(islice(cycle(sharing), most * rows, None), guidance, width)
        self._step_once(self._fullest(), [5.0] * most, max(WIDTHS))
        for number, path in enumerate(self._spoiled):
            self._refused(path, f"Spoiled pack {number}")

    def _fullest(self) -> Iterator[Request]:
        """Two of the widest styles each, of which no two that stand beside each other lie side by side."""
        widest = [pack for number, pack in enumerate(self._packs) if _rank(number) == max(RANKS)]
        return (Request(self._requests[0].job, pair) for pair in permutations(widest, 2))

    def _step_once(self, requests: Iterable[Request], guidance: Sequence[float], width: int) -> None:
        def step(engines: Mapping[str, Engine]) -> None:
            runs = [
                engines["sdxl"].start(
                    request.job.model_copy(update={"guidance_scale": scale, "width": width}), request.packs
                )
                for request, scale in zip(requests, guidance, strict=False)
            ]
            engines["sdxl"].step(runs)
            for run in runs:
                engines["sdxl"].end(run)

        self._loop.call(step)

    def _operation(self, number: int) -> str:
        chance = random.Random(f"{self.seed}/{number}")  # noqa: S311 - no secret
        drawn, chosen = chance.random(), chance.randrange(len(self._requests))
        if drawn < HOSTILE:
            return self._hostile(number, chance)
        ticket = Ticket(self._requests[chosen].job, self._requests[chosen].packs)
        if drawn < HOSTILE + CANCELLED:
            ticket.on_step = lambda _: ticket.cancelled.set()
        try:
            image = self._loop.submit(ticket).result()
        except CancelledError:
            return "cancelled"
        self._compare(number, chosen, pixels(image))
        return "image"

    def _compare(self, number: int, chosen: int, image: Any) -> None:
        apart = np.abs(image - self._alone[chosen]).max(axis=-1)
        if apart.max() > LEVELS or (apart > 0).mean() > MAY_DIFFER:
            share = f"{int(apart.max())} levels, {(apart > 0).mean():.2%} of its pixels"
            raise SoakError(f"Operation {number} (seed {self.seed}) gave a picture that differs from its own: {share}.")

    def _hostile(self, number: int, chance: random.Random) -> str:
        """A pack cut short, of bytes that are none, or right but for its numbers."""
        self._refused(chance.choice([chance.choice(self._broken), chance.choice(self._spoiled)]), f"Operation {number}")
        return "refused"

    def _refused(self, path: Path, name: str) -> None:
        """Handed straight to the engine, past the hashes that would stop it."""
        use = self._packs[0].use.model_copy(update={"pack_sha256": hashlib.sha256(path.name.encode()).hexdigest()})
        future = self._loop.submit(Ticket(self._requests[0].job, [LocalPack(use, path)]))
        if future.exception() is None:
            raise SoakError(f"{name} (seed {self.seed}) drew a picture with a broken pack.")

    def _broken_file(self, number: int, chance: random.Random) -> Path:
        content = chance.choice(self._packs).path.read_bytes()
        path = self._folder / f"broken{number}.pack"
        cut = chance.randrange(len(content) // 2)
        path.write_bytes(chance.choice([content[:cut], chance.randbytes(cut), b"", b"\xff" * 8 + content[8:]]))
        return path

    def _spoiled_file(self, number: float) -> Path:
        """A pack of the right form, of which some numbers are none: it is loaded, and its picture must be refused."""
        content = bytearray(self._packs[0].path.read_bytes())
        header = parse_header(bytes(content), len(content))
        for name, info in header.tensors.items():
            if name.startswith("unet.") and name.endswith(SPOILED):
                at = header.data_offset + info.start
                content[at : at + 4] = np.float32(number).tobytes()
        path = self._folder / f"{number}.pack"
        path.write_bytes(content)
        return path

    def _packed_dora(self) -> LocalPack:
        layout, draw = self._engine.layout(), Draw(torch.Generator().manual_seed(STYLES))
        shapes = layout.modules("unet")
        tensors = {
            f"{flat_name('unet', module)}.{ending}": own
            for module in DORA_ON
            for ending, own in dora(draw, shapes[module]).items()
        }
        file = self._folder / "dora.safetensors"
        save_file(tensors, file)
        return made_into_pack(file, self._folder, KohyaLoraFormat(NoConfig()), layout)

    def _packed(self, base: Path, number: int) -> LocalPack:
        file = write_peft_lora(base, self._folder / f"style{number}.safetensors", _rank(number), number, strength=0.1)
        return made_into_pack(file, self._folder, PeftLoraFormat(NoConfig()), self._engine.layout())


def _requests(
    chance: random.Random, kinds: int, packs: Sequence[LocalPack], stretching: LocalPack
) -> Iterator[Request]:
    """As many different ones; the soak draws from them."""
    for number in range(kinds):
        worn = [*chance.sample(packs, chance.randrange(3)), *([stretching] if chance.random() < WITH_DORA else [])]
        wanted: dict[str, Any] = {"steps": 2, "seed": number, "guidance_scale": chance.choice([1.0, 5.0])}
        wanted |= {"width": chance.choice(WIDTHS), "scheduler": chance.choice(SCHEDULERS)}
        asked = job(prompt=f"a lighthouse {number % 7}", **wanted)
        yield Request(asked, tuple(_weighted(pack, chance.choice([0.5, 1.0])) for pack in worn))


def _rank(number: int) -> int:
    return RANKS[number % len(RANKS)]


def _weighted(pack: LocalPack, weight: float) -> LocalPack:
    return LocalPack(pack.use.model_copy(update={"weight": weight}), pack.path)


def _memory() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / MB


def soak(folder: Path, count: int, seed: int) -> Outcome:
    with torch.no_grad():
        return Soak(folder, max(1, min(KINDS, count // 3)), seed).run(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    asked = parser.parse_args()
    print(f"Seed {asked.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="irodori-soak-") as folder:
        found = soak(Path(folder), asked.requests, asked.seed)
    print(f"Written to {report('soak', list(_rows(found, asked.requests)))}")


def _rows(found: Outcome, count: int) -> Iterator[Row]:
    what = f"memory after {count:,} operations, against after a tenth of them (tiny-sdxl, fast mode, float32, CPU)"
    beside = f"{found.images} images compared, {found.refused} hostile refused, {found.cancelled} cancelled"
    resident = " ".join(f"{each:.0f}" for each in found.memory)
    yield row("soak_growth", what, "%", "≤ 1 %", [found.growth], f"{beside}; MB after each tenth: {resident}")


if __name__ == "__main__":
    main()

"""Sixteen threads that submit, cancel and hand in what is broken, and compare every picture with the one drawn alone."""

import gc
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from bench.soak import hostile
from bench.soak.requests import requests
from bench.soak.styles import stretching, styles, widest
from bench.soak.warm_up import meet_every_size
from hub.plugin_api import LocalPack
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.tiny_base import write
from serving.engine.idle import give_pages_back
from serving.engine.loop import EngineLoop
from serving.engine.ticket import CancelledError, Ticket
from tests.serving_jobs import pixels

THREADS, KINDS, DEADLINE = 16, 200, 3600.0
HOSTILE, CANCELLED = 0.01, 0.02
# A wrong adapter changes most pixels by many levels; rounding, which random weights amplify, moves few by one (decision 9).
MAY_DIFFER, LEVELS = 0.02, 2
TENTHS = 10
MB = 1e6

Told = Callable[[int, float], None]
"""Is told after each tenth how many operations are over and how many MB are resident."""


class SoakError(AssertionError):
    """An image was wrong, a hostile file was taken, or the base changed."""


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


def soak(folder: Path, count: int, seed: int, told: Told = lambda _done, _resident: None) -> Outcome:
    """So many operations on a base of random weights. Raises SoakError, which names the seed."""
    with torch.no_grad():
        return Soak(folder, max(1, min(KINDS, count // 3)), seed).run(count, told)


class Soak:
    def __init__(self, folder: Path, kinds: int, seed: int) -> None:
        self.seed = seed
        base, chance = write(folder / "base"), random.Random(seed)  # noqa: S311 - no secret
        engine = SdxlEngine(SdxlConfig(base=str(base), base_model="tiny-sdxl"))
        self._loop = EngineLoop({"sdxl": engine}, "cpu", DEADLINE)
        self._loop.start()
        self._styles = styles(folder, base, engine.layout())
        self._dora = stretching(folder, engine.layout())
        self._requests = list(requests(chance, kinds, self._styles, self._dora))
        self._broken = hostile.broken(folder, self._styles, chance)
        self._spoiled = hostile.spoiled(folder, self._styles[0])
        self._alone: list[Any] = []

    def run(self, count: int, told: Told) -> Outcome:
        try:
            before = self._fingerprint()
            self._alone = [self._drawn(number) for number in range(len(self._requests))]
            self._warm_up()
            outcome = self._storm(count, told)
            if self._fingerprint() != before:
                raise SoakError(f"The base's parameters changed (seed {self.seed}).")
            return outcome
        finally:
            self._loop.stop()

    def _fingerprint(self) -> str:
        return self._loop.call(lambda engines: engines["sdxl"].fingerprint())

    def _warm_up(self) -> None:
        # A DoRA's batches are computed apart, so they make no larger ones.
        sharing = [each for each in self._requests if self._dora.path not in {pack.path for pack in each.packs}]
        meet_every_size(self._loop, sharing, widest(self._styles))
        for number, pack in enumerate(self._spoiled):
            self._refused(pack, f"Spoiled pack {number}")

    def _storm(self, count: int, told: Told) -> Outcome:
        done, memory = list[str](), list[float]()
        with ThreadPoolExecutor(THREADS) as threads:
            for tenth in range(TENTHS):
                done += threads.map(self._operation, range(tenth * count // TENTHS, (tenth + 1) * count // TENTHS))
                memory.append(_memory())
                told(len(done), memory[-1])
        images, refused, cancelled = (done.count(kind) for kind in ("image", "refused", "cancelled"))
        return Outcome(images, refused, cancelled, tuple(memory))

    def _operation(self, number: int) -> str:
        chance = random.Random(f"{self.seed}/{number}")  # noqa: S311 - no secret
        drawn, chosen = chance.random(), chance.randrange(len(self._requests))
        if drawn < HOSTILE:
            self._refused(
                chance.choice([chance.choice(self._broken), chance.choice(self._spoiled)]), f"Operation {number}"
            )
            return "refused"
        if drawn < HOSTILE + CANCELLED:
            return self._cancelled(number, chosen)
        self._compare(number, chosen, self._drawn(chosen))
        return "image"

    def _drawn(self, chosen: int) -> Any:
        request = self._requests[chosen]
        return pixels(self._loop.submit(Ticket(request.job, request.packs)).result()).astype(np.int16)

    def _cancelled(self, number: int, chosen: int) -> str:
        """It may have come too late: then its picture counts as any other."""
        ticket = Ticket(self._requests[chosen].job, self._requests[chosen].packs)
        ticket.on_step = lambda _: ticket.cancelled.set()
        try:
            image = self._loop.submit(ticket).result()
        except CancelledError:
            return "cancelled"
        self._compare(number, chosen, pixels(image).astype(np.int16))
        return "image"

    def _compare(self, number: int, chosen: int, image: Any) -> None:
        apart = np.abs(image - self._alone[chosen]).max(axis=-1)
        if apart.max() > LEVELS or (apart > 0).mean() > MAY_DIFFER:
            share = f"{int(apart.max())} levels, {(apart > 0).mean():.2%} of its pixels"
            raise SoakError(f"Operation {number} (seed {self.seed}) gave a picture that differs from its own: {share}.")

    def _refused(self, pack: LocalPack, name: str) -> None:
        future = self._loop.submit(Ticket(self._requests[0].job, [pack]))
        if future.exception() is None:
            raise SoakError(f"{name} (seed {self.seed}) drew a picture with a broken pack.")


def _memory() -> float:
    """After what a worker does as soon as nothing comes."""
    gc.collect()
    give_pages_back()
    return psutil.Process().memory_info().rss / MB

"""The two servers that requests are sent to, and how long each request waits for its picture."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench.rivals.one_at_a_time import OneAtATime
from bench.serving.arrivals import STYLES, Arrival
from bench.serving.bench import BASE, Bench, adapters, packed
from hub.plugin_api import LocalPack
from plugins.sdxl.engine import SdxlEngine
from serving.engine.loop import EngineLoop
from serving.engine.ticket import Ticket

RANK, STEPS, GUIDANCE = 8, 8, 5.0
WAITING = 64
DEADLINE = 3600.0

Answer = Callable[[Arrival], Any]


@dataclass(frozen=True)
class Server:
    """`answer` returns when the picture is there; so many are asked at a time, the others wait in line."""

    answer: Answer
    at_once: int

    def latencies(self, coming: Sequence[Arrival], rate: float) -> list[float]:
        """Seconds from each request's arrival to its picture, at so many arrivals a second."""
        began = time.perf_counter()

        def one(arrival: Arrival) -> float:
            self.answer(arrival)
            return time.perf_counter() - began - arrival.at / rate

        with ThreadPoolExecutor(self.at_once) as threads:
            waiting = []
            for arrival in coming:
                time.sleep(max(0.0, began + arrival.at / rate - time.perf_counter()))
                waiting.append(threads.submit(one, arrival))
            return [each.result() for each in waiting]


def servers(bench: Bench) -> tuple[Server, Server, EngineLoop]:
    """Ours and the one that serves one at a time, with the same styles; the loop is to be stopped."""
    folder = bench.folder / "many"
    folder.mkdir()
    files = adapters(folder, "many", STYLES, RANK)
    rival = OneAtATime(BASE, files)
    loop = EngineLoop({"sdxl": SdxlEngine(bench.engine.config)}, "cpu", DEADLINE)
    loop.start()
    packs = [packed(path, folder, bench.engine) for path in files.values()]
    return Server(_ours(bench, loop, packs), WAITING), Server(_rivals(bench, rival, list(files)), 1), loop


def _ours(bench: Bench, loop: EngineLoop, packs: Sequence[LocalPack]) -> Answer:
    def answer(arrival: Arrival) -> None:
        weight = 1.0 / len(arrival.styles)
        worn = [_weighted(packs[style], weight) for style in arrival.styles]
        wanted = {"steps": STEPS, "guidance_scale": GUIDANCE, "seed": arrival.seed, "prompt": _prompt(arrival)}
        loop.submit(Ticket(bench.job(**wanted), worn)).result()

    return answer


def _rivals(bench: Bench, rival: OneAtATime, names: Sequence[str]) -> Answer:
    size = bench.job()

    def answer(arrival: Arrival) -> None:
        rival.answer(
            [names[style] for style in arrival.styles],
            prompt=_prompt(arrival),
            width=size.width,
            height=size.height,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            seed=arrival.seed,
        )

    return answer


def _prompt(arrival: Arrival) -> str:
    """Another for each request, so that nobody has it encoded already."""
    return f"a lighthouse, number {arrival.seed}"


def _weighted(pack: LocalPack, weight: float) -> LocalPack:
    return LocalPack(pack.use.model_copy(update={"weight": weight}), pack.path)

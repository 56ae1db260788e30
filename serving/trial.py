"""Draws one picture as a worker would and says what it took: `python -m serving.trial`, which `irodori doctor` starts.

A process of its own, so that the base's memory is given back and the doctor needs no torch. The last line of its output is
a JSON list of findings: verdict, what, text, advice.
"""

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Literal
from uuid import uuid4

from hub.config import plugin_registry
from hub.jobs import GenerateJob
from hub.plugin_api import ENGINE, Engine, EngineReport, PluginError, Tier
from serving.config import ServingConfig, serving_config
from serving.metrics.device import memory_bytes

STEPS = 4
USUAL_STEPS = 20
# For engines that don't say what their base was made for.
SIDE = 128
NO_PICTURE = "Or leave this out: irodori doctor --no-picture."


@dataclass(frozen=True)
class Finding:
    """As `hub.doctor` shows it."""

    verdict: Literal["ok", "note", "broken"]
    what: str
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Times:
    """Seconds of one picture."""

    prompt: float
    steps: tuple[float, ...]
    decoding: float

    @property
    def step(self) -> float:
        """The first one also warms up."""
        return statistics.median(self.steps[1:] or self.steps)

    def of(self, steps: int) -> float:
        return self.prompt + steps * self.step + self.decoding


def findings(config: ServingConfig) -> Iterator[Finding]:
    for name in config.serving_engines:
        try:
            yield from _of_engine(name, config)
        except (PluginError, OSError, ValueError, RuntimeError, MemoryError) as error:
            # What engines and the libraries below them raise: a missing file, a wrong setting, no memory.
            yield Finding("broken", f"picture by {name}", _sentence(error), f"{_advice(error)} {NO_PICTURE}")


def _of_engine(name: str, config: ServingConfig) -> Iterator[Finding]:
    engine, began = plugin_registry().get(ENGINE, name), time.perf_counter()
    engine.load(config.serving_device)
    loaded = time.perf_counter() - began
    report = engine.report()
    yield Finding("ok", "device", _device(report.device))
    yield Finding("ok", "base", f"{report.base} from {report.source}, {report.dtype}, loaded in {loaded:.1f} s")
    if report.refiner:
        yield Finding("ok", "refiner", f"from {report.refiner}")
    yield Finding("ok", "adapter tiers", "; ".join(_tier(tier) for tier in (_disk(config), *report.tiers)))
    if not plugin_registry().info(ENGINE, name).upscales:
        yield Finding("ok", "one picture", _said(_timed(engine, _job(name, report)), report.side or SIDE))


def _job(engine: str, report: EngineReport) -> GenerateJob:
    side = report.side or SIDE
    return GenerateJob(
        id=uuid4(),
        attempt=1,
        engine=engine,
        base_model=report.base or "any",
        prompt="a lighthouse at dusk",
        width=side,
        height=side,
        steps=STEPS,
        seed=7,
        output_key="nowhere",
    )


def _timed(engine: Engine, job: GenerateJob) -> Times:
    times = [time.perf_counter()]
    run = engine.start(job, [])
    times.append(time.perf_counter())
    try:
        while not run.done:
            engine.step([run])
            times.append(time.perf_counter())
        engine.finish(run)
        times.append(time.perf_counter())
    finally:
        engine.end(run)
    prompt, *steps, decoding = (later - earlier for earlier, later in pairwise(times))
    return Times(prompt, tuple(steps), decoding)


def _said(times: Times, side: int) -> str:
    return (
        f"{side} x {side} pixels: prompt {times.prompt:.2f} s, a step {times.step:.3f} s, decoding {times.decoding:.2f} s; "
        f"{USUAL_STEPS} steps take about {times.of(USUAL_STEPS):.1f} s"
    )


def _device(device: str) -> str:
    memory = memory_bytes(device)
    return f"{device}, {_gib(memory.free)} of {_gib(memory.total)} GiB free beside the base" if memory else device


def _disk(config: ServingConfig) -> Tier:
    used = sum(path.stat().st_size for path in config.pack_cache_dir.glob("*.safetensors"))
    return Tier("disk", used_bytes=used, limit_bytes=config.pack_cache_bytes)


def _tier(tier: Tier) -> str:
    return f"{tier.name}: {_gib(tier.used_bytes)} of {_gib(tier.limit_bytes)} GiB"


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f}"


def _sentence(error: BaseException) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:300]


def _advice(error: BaseException) -> str:
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "The device has no room for this base; a running worker holds one already. Stop it first."
    return 'Check "base" and "refiner" in HUB_PLUGIN_CONFIG (docs/how-to/one-gpu.md) and HUB_SERVING_DEVICE.'


def main() -> None:
    print(json.dumps([asdict(finding) for finding in findings(serving_config())]))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()

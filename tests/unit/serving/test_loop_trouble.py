"""What the loop does when slots, memory or the device itself run out: nobody waits for ever, nobody pays for another."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from hub.jobs import AdapterUse, GenerateJob
from hub.plugin_api import Engine, EngineFullError, Generation, JobRefusedError, LocalPack, ModelLayout, Run
from serving.engine.group import CALM_STEPS
from serving.engine.loop import EngineLoop
from serving.engine.ticket import Ticket
from serving.engine.trouble import EXIT_DEVICE_LOST
from tests.serving_jobs import job

pytestmark = pytest.mark.torch
WAIT_SECONDS = 20


def out_of_memory() -> Exception:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def lost() -> Exception:
    return torch.AcceleratorError("CUDA error: unspecified launch failure")


@dataclass
class ScarceEngine(Engine):
    """A job's `guidance_scale` is how many slots it takes of `slots`; more than `fits` runs in a step exceed its memory."""

    slots: int = 100
    fits: int = 100
    prompts_that_break: dict[str, Exception] = field(default_factory=dict)
    stepped: list[tuple[int, ...]] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    breaks_at_end: bool = False
    finish_breaks: list[Exception] = field(default_factory=list)
    prepare_breaks: list[Exception] = field(default_factory=list)
    start_breaks: list[Exception] = field(default_factory=list)

    def load(self, device: str) -> None:
        """Nothing to load."""

    def layout(self) -> ModelLayout:
        return ModelLayout({})

    def fingerprint(self) -> str:
        return ""

    def group(self, job: GenerateJob) -> str:
        return f"{job.width}"

    def prepare(self, packs: Sequence[LocalPack]) -> None:
        if self.prepare_breaks:
            raise self.prepare_breaks.pop()

    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> Run:
        if self.start_breaks:
            raise self.start_breaks.pop()
        if self.slots < job.guidance_scale:
            raise EngineFullError
        self.slots -= int(job.guidance_scale)
        self.started.append(job.seed)
        return Run(job)

    def end(self, run: Run) -> None:
        self.slots += int(run.job.guidance_scale)
        if self.breaks_at_end:
            raise ZeroDivisionError

    def step(self, runs: Sequence[Run]) -> None:
        self.stepped.append(tuple(run.job.seed for run in runs))
        for run in runs:
            if run.job.prompt in self.prompts_that_break:
                raise self.prompts_that_break[run.job.prompt]
        if len(runs) > self.fits:
            raise out_of_memory()
        for run in runs:
            run.step += 1

    def finish(self, run: Run) -> Generation:
        if self.finish_breaks:
            raise self.finish_breaks.pop()
        return Generation(b"done", "text/plain", run.job.seed)


def pack() -> LocalPack:
    use = {"pack_sha256": "0" * 64, "pack_key": f"packs/{'0' * 64}", "kind": "lora", "weight": 1.0}
    return LocalPack(AdapterUse.model_validate(use), Path("never-read"))


def ticket(
    seed: int, *, steps: int = 1, slots: int = 1, width: int = 64, prompt: str = "a", styled: bool = True
) -> Ticket:
    wanted = job(seed=seed, steps=steps, guidance_scale=float(slots), width=width, prompt=prompt)
    return Ticket(wanted, [pack()] if styled else [])


def outcomes(engine: Engine, tickets: Sequence[Ticket]) -> list[object]:
    """A seed for each image, a code for each refusal, the class of any other error. All wait before the first step."""
    loop = EngineLoop({"sdxl": engine}, "cpu", 60.0)
    loop.start()
    blocker = threading.Event()
    threading.Thread(target=loop.call, args=(lambda _: blocker.wait(WAIT_SECONDS),)).start()
    futures = [loop.submit(each) for each in tickets]
    blocker.set()
    found = [future.exception(WAIT_SECONDS) or future.result().seed for future in futures]
    loop.stop(WAIT_SECONDS)
    return [
        each.code if isinstance(each, JobRefusedError) else type(each) if isinstance(each, Exception) else each
        for each in found
    ]


def test_who_waits_for_slots_is_not_overtaken_by_newcomers_of_another_group() -> None:
    engine = ScarceEngine(slots=2)
    newcomers = [ticket(seed, width=128) for seed in (3, 4, 5)]
    assert outcomes(engine, [ticket(1, steps=3), ticket(2, slots=2), *newcomers]) == [1, 2, 3, 4, 5]
    assert engine.started == [1, 2, 3, 4, 5]


def test_a_newcomer_without_styles_takes_no_slot_and_need_not_wait() -> None:
    engine = ScarceEngine(slots=2)
    plain = ticket(3, width=128, styled=False)
    assert outcomes(engine, [ticket(1, steps=3), ticket(2, slots=2), plain]) == [1, 2, 3]
    assert engine.started == [1, 3, 2]


def test_a_cancelled_one_holds_nobody_up() -> None:
    first, waits, newcomer = ticket(1, steps=3), ticket(2, slots=2), ticket(3, width=128)
    first.on_step = lambda _: waits.cancelled.set()
    engine = ScarceEngine(slots=2)
    assert outcomes(engine, [first, waits, newcomer])[::2] == [1, 3]
    assert engine.started == [1, 3]


def test_an_engine_that_cannot_take_back_a_run_fails_nobody() -> None:
    engine = ScarceEngine(breaks_at_end=True)
    assert outcomes(engine, [ticket(1), ticket(2, steps=2)]) == [1, 2]


@dataclass
class CrowdedEngine(ScarceEngine):
    """Another holds its memory during the first steps."""

    crowded_steps: int = 1

    def step(self, runs: Sequence[Run]) -> None:
        self.fits = 1 if len(self.stepped) < self.crowded_steps else 100
        super().step(runs)


def test_a_batch_that_ran_out_of_memory_once_grows_again() -> None:
    engine = CrowdedEngine()
    assert outcomes(engine, [ticket(seed, steps=150) for seed in range(4)]) == [0, 1, 2, 3]
    sizes = [len(each) for each in engine.stepped]
    calm = 2 * CALM_STEPS
    assert sizes[: 2 + 2 * calm] == [4, *[2] * calm, *[3] * calm, 4]


def test_a_batch_that_runs_out_again_waits_twice_as_long() -> None:
    engine = ScarceEngine(fits=2)
    assert outcomes(engine, [ticket(seed, steps=150) for seed in range(4)]) == [0, 1, 2, 3]
    sizes = [len(each) for each in engine.stepped]
    calm = 2 * CALM_STEPS
    expected = [4, *[2] * calm, 3, *[1] * 2 * calm, *[2] * 2 * calm, 3, *[1] * 4 * calm]
    assert sizes[: len(expected)] == expected


def test_a_batch_too_large_for_memory_is_tried_again_smaller() -> None:
    engine = ScarceEngine(fits=2)
    assert outcomes(engine, [ticket(seed, steps=2) for seed in (1, 2, 3, 4)]) == [1, 2, 3, 4]
    assert engine.stepped == [(1, 2, 3, 4), (1, 2), (1, 2), (3, 4), (3, 4)]


def test_a_request_too_large_for_memory_fails_alone() -> None:
    engine = ScarceEngine(prompts_that_break={"huge": out_of_memory()})
    asked = [ticket(1), ticket(2, prompt="huge"), ticket(3)]
    assert outcomes(engine, asked) == [1, "out_of_memory", 3]
    assert engine.stepped == [(1, 2, 3), (1,), (2,), (2,), (3,)]
    assert engine.slots == 100


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_memory_that_runs_out_once_while_decoding_costs_no_image(error: Exception) -> None:
    engine = ScarceEngine(finish_breaks=[error])
    assert outcomes(engine, [ticket(1)]) == [1]


def test_memory_that_stays_out_while_decoding_fails_that_request() -> None:
    engine = ScarceEngine(finish_breaks=[out_of_memory(), out_of_memory()])
    assert outcomes(engine, [ticket(1), ticket(2)]) == ["out_of_memory", 2]


def test_memory_that_runs_out_while_a_style_is_brought_costs_no_image() -> None:
    engine = ScarceEngine(prepare_breaks=[out_of_memory()], start_breaks=[out_of_memory()])
    assert outcomes(engine, [ticket(1)]) == [1]


def test_memory_that_stays_out_while_a_style_is_brought_fails_that_request() -> None:
    engine = ScarceEngine(prepare_breaks=[out_of_memory()], start_breaks=[out_of_memory(), out_of_memory()])
    assert outcomes(engine, [ticket(1), ticket(2)]) == ["out_of_memory", 2]


@pytest.mark.parametrize(
    "engine",
    [
        ScarceEngine(prompts_that_break={"a": lost()}),
        ScarceEngine(prepare_breaks=[lost(), lost()]),
        ScarceEngine(start_breaks=[lost()]),
        ScarceEngine(finish_breaks=[lost()]),
    ],
    ids=["step", "prepare", "start", "finish"],
)
def test_a_lost_device_leaves_every_job_unanswered_for_another_worker(engine: ScarceEngine) -> None:
    gone = threading.Event()
    loop = EngineLoop({"sdxl": engine}, "cpu", 60.0, on_lost=gone.set)
    loop.start()
    futures = [loop.submit(ticket(seed, steps=2)) for seed in (1, 2)]
    assert gone.wait(WAIT_SECONDS)
    loop.stop(WAIT_SECONDS)
    assert [future.done() for future in futures] == [False, False]


LOSES_ITS_DEVICE = """
from tests.unit.serving.test_loop_trouble import EngineLoop, ScarceEngine, lost, ticket
loop = EngineLoop({"sdxl": ScarceEngine(prompts_that_break={"a": lost()})}, "cpu", 60.0)
loop.start()
loop.submit(ticket(1)).result(60)
"""


def test_a_worker_whose_device_is_lost_exits_at_once() -> None:
    ended = subprocess.run([sys.executable, "-c", LOSES_ITS_DEVICE], capture_output=True, timeout=120, check=False)
    assert ended.returncode == EXIT_DEVICE_LOST, ended.stderr.decode()

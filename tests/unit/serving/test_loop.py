import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from hub.jobs import GenerateJob
from hub.plugin_api import Engine, Generation, JobRefusedError, LocalPack, ModelLayout, Run
from plugins.echo.engine import EchoEngine
from plugins.echo.plugin import EchoConfig
from serving.engine.loop import EngineLoop
from serving.engine.ticket import CancelledError, DeadlineError, Ticket
from tests.serving_jobs import job

WAIT_SECONDS = 10


@dataclass
class CountingEngine(Engine):
    """Counts to the job's steps and writes down who stepped with whom; groups by prompt. Prompts say what to break."""

    stepped: list[tuple[int, ...]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)

    def load(self, device: str) -> None:
        self.threads.add(threading.get_ident())
        if device == "broken":
            raise OSError("no such device")

    def layout(self) -> ModelLayout:
        return ModelLayout({})

    def fingerprint(self) -> str:
        self.threads.add(threading.get_ident())
        return str(len(self.stepped))

    def group(self, job: GenerateJob) -> str:
        if job.prompt == "refused":
            raise JobRefusedError("refused", "Ask for something else.")
        return job.prompt

    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> Run:
        self.threads.add(threading.get_ident())
        return Run(job)

    def step(self, runs: Sequence[Run]) -> None:
        self.gate.wait(WAIT_SECONDS)
        self.stepped.append(tuple(run.job.seed for run in runs))
        for run in runs:
            if run.job.prompt == "breaks":
                raise ZeroDivisionError
            run.step += 1

    def finish(self, run: Run) -> Generation:
        return Generation(b"done", "text/plain", run.job.seed)


@contextmanager
def serving(engine: Engine, deadline: float = 60.0) -> Iterator[EngineLoop]:
    loop = EngineLoop({"sdxl": engine}, "cpu", deadline)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop(WAIT_SECONDS)


def outcome(future: "Future[Generation]") -> object:
    error = future.exception(WAIT_SECONDS)
    return type(error) if error else future.result().seed


def test_one_job_runs_to_its_end_and_reports_each_step() -> None:
    engine, steps = CountingEngine(), list[int]()
    engine.gate.set()
    with serving(engine) as loop:
        generation = loop.submit(Ticket(job(seed=5, steps=3), on_step=steps.append)).result(WAIT_SECONDS)
    assert (generation, steps) == (Generation(b"done", "text/plain", 5), [1, 2, 3])


def test_everything_runs_on_one_thread_that_is_not_the_callers() -> None:
    engine = CountingEngine()
    engine.gate.set()
    with serving(engine) as loop:
        loop.submit(Ticket(job())).result(WAIT_SECONDS)
        loop.call(lambda engines: engines["sdxl"].fingerprint())
    assert len(engine.threads) == 1
    assert threading.get_ident() not in engine.threads


def test_groups_take_turns_and_late_comers_join_theirs() -> None:
    engine = CountingEngine()
    with serving(engine) as loop:
        # The gate holds the first step, so all of these wait when it opens.
        futures = [loop.submit(Ticket(job(seed=1, steps=4, prompt="a")))]
        while not engine.threads or loop._inbox.qsize():
            time.sleep(0.01)
        futures += [
            loop.submit(Ticket(job(seed=seed, steps=2, prompt=prompt))) for seed, prompt in ((2, "b"), (3, "a"))
        ]
        engine.gate.set()
        assert [outcome(future) for future in futures] == [1, 2, 3]
    assert engine.stepped == [(1,), (1, 3), (2,), (1, 3), (2,), (1,)]


def test_a_job_that_breaks_fails_alone() -> None:
    engine = CountingEngine()
    with serving(engine) as loop:
        futures = [loop.submit(Ticket(job(seed=1, prompt=prompt))) for prompt in ("breaks", "refused", "good")]
        engine.gate.set()
        assert [outcome(future) for future in futures] == [ZeroDivisionError, JobRefusedError, 1]


def test_an_engine_that_is_not_loaded_fails_the_job() -> None:
    engine = CountingEngine()
    with serving(engine) as loop:
        assert outcome(loop.submit(Ticket(job(engine="other")))) is KeyError


def test_cancel_stops_a_job_between_steps() -> None:
    engine, cancelled = CountingEngine(), threading.Event()
    engine.gate.set()
    with serving(engine) as loop:
        ticket = Ticket(
            job(steps=100), cancelled=cancelled, on_step=lambda step: cancelled.set() if step == 3 else None
        )
        assert outcome(loop.submit(ticket)) is CancelledError
    assert len(engine.stepped) == 3


def test_a_job_past_its_deadline_ends() -> None:
    engine = CountingEngine()
    engine.gate.set()
    with serving(engine, deadline=0.05) as loop:
        ticket = Ticket(job(steps=100), on_step=lambda step: time.sleep(0.02))
        assert outcome(loop.submit(ticket)) is DeadlineError
    assert 0 < len(engine.stepped) < 10


def test_a_call_runs_between_steps_of_a_running_job() -> None:
    engine, reached = CountingEngine(), threading.Event()
    engine.gate.set()

    def watch(_step: int) -> None:
        reached.set()
        time.sleep(0.005)

    with serving(engine) as loop:
        future = loop.submit(Ticket(job(steps=150), on_step=watch))
        assert reached.wait(WAIT_SECONDS)
        counted = int(loop.call(lambda engines: engines["sdxl"].fingerprint()))
        assert 0 < counted < 150
        assert outcome(future) == 7


def test_stopping_finishes_what_was_submitted() -> None:
    engine = CountingEngine()
    engine.gate.set()
    with serving(engine) as loop:
        futures = [loop.submit(Ticket(job(seed=seed, steps=3, prompt=str(seed)))) for seed in range(4)]
    assert [future.done() and future.result().seed for future in futures] == [0, 1, 2, 3]


def test_start_raises_what_loading_raised() -> None:
    loop = EngineLoop({"sdxl": CountingEngine()}, "broken", 60)
    with pytest.raises(OSError, match="no such device"):
        loop.start()
    loop.stop(WAIT_SECONDS)


def test_a_one_shot_engine_runs_in_the_same_loop() -> None:
    with serving(EchoEngine(EchoConfig())) as loop:
        generation = loop.submit(Ticket(job(prompt="a pelican", steps=9))).result(WAIT_SECONDS)
    assert generation.content == b"a pelican"

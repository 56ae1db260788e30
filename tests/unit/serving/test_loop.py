import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from hub.jobs import GenerateJob
from hub.plugin_api import (
    Engine,
    EngineFullError,
    Generation,
    JobRefusedError,
    LocalPack,
    ModelLayout,
    Preview,
    Run,
)
from plugins.echo.engine import EchoEngine
from plugins.echo.plugin import EchoConfig
from serving.engine.loop import EngineLoop
from serving.engine.ticket import CancelledError, DeadlineError, HandedBackError, Ticket
from tests.serving_jobs import job

WAIT_SECONDS = 10


@dataclass
class CountingEngine(Engine):
    """Counts to the job's steps and writes down who stepped with whom; groups by prompt. Prompts say what to break."""

    stepped: list[tuple[int, ...]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)
    room: int = 100
    held: int = 0
    prepared: set[int] = field(default_factory=set)

    def prepare(self, packs: Sequence[LocalPack]) -> None:
        self.prepared.add(threading.get_ident())

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
        if self.held >= self.room:
            raise EngineFullError
        self.held += 1
        return Run(job)

    def end(self, run: Run) -> None:
        self.held -= 1

    def step(self, runs: Sequence[Run]) -> None:
        self.gate.wait(WAIT_SECONDS)
        self.stepped.append(tuple(run.job.seed for run in runs))
        for run in runs:
            if run.job.prompt == "breaks":
                raise ZeroDivisionError
            run.step += 1

    def preview(self, run: Run) -> Preview | None:
        self.threads.add(threading.get_ident())
        if run.job.prompt == "hides":
            raise ZeroDivisionError
        return None if run.job.prompt == "shows nothing" else Preview(1, 1, bytes([run.step] * 3))

    def finish(self, run: Run) -> Generation:
        return Generation(b"done", "text/plain", run.job.seed)


@contextmanager
def serving(engine: Engine, deadline: float = 60.0, max_batch: int = 8) -> Iterator[EngineLoop]:
    loop = EngineLoop({"sdxl": engine}, "cpu", deadline, max_batch)
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


def previewed(prompt: str) -> tuple[object, list[int], list[Preview]]:
    """How the job ended, the steps at which a preview was asked for, and those that came: wanted at 1, 2 and 3 of 3."""
    engine, asked, seen = CountingEngine(), list[int](), list[Preview]()
    engine.gate.set()

    def wants(step: int) -> bool:
        asked.append(step)
        return True

    with serving(engine) as loop:
        ticket = Ticket(job(prompt=prompt, steps=3), wants_preview=wants, on_preview=seen.append)
        ended = outcome(loop.submit(ticket))
    assert len(engine.threads) == 1
    return ended, asked, seen


def test_a_preview_is_made_where_it_is_wanted_and_never_of_a_finished_picture() -> None:
    assert previewed("a") == (7, [1, 2], [Preview(1, 1, b"\1\1\1"), Preview(1, 1, b"\2\2\2")])


def test_an_engine_may_have_nothing_to_show() -> None:
    assert previewed("shows nothing") == (7, [1, 2], [])


def test_a_preview_that_breaks_costs_no_picture_and_is_not_tried_again() -> None:
    assert previewed("hides") == (7, [1], [])


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


def waiting_jobs(loop: EngineLoop, steps: Sequence[int]) -> "list[Future[Generation]]":
    """One job for each number of steps, in one group, all in the inbox before the first step is made."""
    return [loop.submit(Ticket(job(seed=seed, steps=count, prompt="a"))) for seed, count in enumerate(steps)]


def test_a_batch_is_no_larger_than_the_setting_and_who_came_first_goes_first() -> None:
    engine = CountingEngine()
    with serving(engine, max_batch=2) as loop:
        blocker = threading.Event()
        threading.Thread(target=loop.call, args=(lambda _: blocker.wait(WAIT_SECONDS),)).start()
        futures = waiting_jobs(loop, [1, 3, 1, 2])
        engine.gate.set()
        blocker.set()
        assert [outcome(future) for future in futures] == [0, 1, 2, 3]
    assert engine.stepped == [(0, 1), (1, 2), (1, 3), (3,)]


def test_a_job_that_the_engine_has_no_room_for_waits_until_another_ended() -> None:
    engine = CountingEngine(room=1)
    engine.gate.set()
    with serving(engine) as loop:
        assert [outcome(future) for future in waiting_jobs(loop, [3, 2, 1])] == [0, 1, 2]
    assert engine.stepped == [(0,)] * 3 + [(1,)] * 2 + [(2,)]


def test_a_job_that_an_empty_engine_has_no_room_for_is_refused() -> None:
    engine = CountingEngine(room=0)
    with serving(engine) as loop:
        refused = waiting_jobs(loop, [1])[0].exception(WAIT_SECONDS)
    assert isinstance(refused, JobRefusedError)
    assert refused.code == "too_many_styles"


@pytest.mark.parametrize("prompt", ["good", "breaks", "cancelled"])
def test_whatever_happens_to_a_run_it_gives_back_what_it_holds(prompt: str) -> None:
    engine, cancelled = CountingEngine(), threading.Event()
    engine.gate.set()
    stop = cancelled.set if prompt == "cancelled" else lambda: None
    with serving(engine) as loop:
        outcome(loop.submit(Ticket(job(prompt=prompt), cancelled=cancelled, on_step=lambda _: stop())))
        loop.call(lambda _: None)
    assert engine.held == 0


def test_what_a_job_needs_is_brought_on_the_callers_thread() -> None:
    engine = CountingEngine()
    engine.gate.set()
    with serving(engine) as loop:
        outcome(loop.submit(Ticket(job())))
    assert engine.prepared == {threading.get_ident()}


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


def test_a_loop_that_drains_finishes_what_runs_and_hands_back_the_rest() -> None:
    engine, begun, drained = CountingEngine(), threading.Event(), threading.Event()
    engine.gate.set()

    def hold(_step: int) -> None:
        """On the engine's thread: no step is made before the loop was told to drain."""
        begun.set()
        drained.wait(WAIT_SECONDS)

    with serving(engine, max_batch=1) as loop:
        runs = loop.submit(Ticket(job(seed=1, steps=3), on_step=hold))
        assert begun.wait(WAIT_SECONDS)
        waits = loop.submit(Ticket(job(seed=2)))
        another_size = loop.submit(Ticket(job(seed=3, prompt="b")))
        loop.drain()
        late = loop.submit(Ticket(job(seed=4)))
        drained.set()
        found = [outcome(future) for future in (runs, waits, another_size, late)]
    assert found == [1, HandedBackError, HandedBackError, HandedBackError]

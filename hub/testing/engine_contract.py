"""The rules every engine keeps, as tests that a plugin author inherits."""

from abc import ABC, abstractmethod
from typing import Any
from uuid import uuid4

from hub.jobs import GenerateJob
from hub.plugin_api import Engine, Generation


def run_to_end(engine: Engine, job: GenerateJob) -> Generation:
    """What the serving loop does for one job without adapters."""
    run = engine.start(job, [])
    try:
        while not run.done:
            engine.step([run])
        return engine.finish(run)
    finally:
        engine.end(run)


class EngineContract(ABC):
    """Subclass this, provide `engine_id` and `engine`, and pytest runs every rule an engine must keep."""

    engine_id: str
    base_model = "tiny"

    @abstractmethod
    def engine(self) -> Engine:
        """An engine that is loaded."""

    def job(self, **changes: Any) -> GenerateJob:
        fields: dict[str, Any] = {
            "id": uuid4(),
            "attempt": 1,
            "engine": self.engine_id,
            "base_model": self.base_model,
            "prompt": "a pelican",
            "width": 64,
            "height": 64,
            "steps": 2,
            "seed": 7,
            "output_key": "outputs/x",
        }
        return GenerateJob.model_validate(fields | changes)

    def test_same_seed_gives_same_content(self) -> None:
        engine = self.engine()
        assert run_to_end(engine, self.job()) == run_to_end(engine, self.job())

    def test_reports_the_seed_it_used(self) -> None:
        assert run_to_end(self.engine(), self.job(seed=11)).seed == 11

    def test_a_run_counts_its_steps_up_to_the_jobs(self) -> None:
        engine = self.engine()
        run = engine.start(self.job(), [])
        assert run.step == 0
        while not run.done:
            before = run.step
            engine.step([run])
            assert run.step > before
        assert run.step == 2

    def test_interleaved_runs_give_what_they_give_alone(self) -> None:
        engine = self.engine()
        jobs = [self.job(seed=1), self.job(seed=2, prompt="a heron", steps=3)]
        alone = [run_to_end(engine, job) for job in jobs]
        runs = [engine.start(job, []) for job in jobs]
        while not all(run.done for run in runs):
            for run in runs:
                if not run.done:
                    engine.step([run])
        assert [engine.finish(run) for run in runs] == alone

    def test_a_preview_fills_its_size_and_changes_nothing(self) -> None:
        engine, job = self.engine(), self.job()
        run = engine.start(job, [])
        try:
            while not run.done:
                engine.step([run])
                if not run.done and (preview := engine.preview(run)):
                    assert len(preview.pixels) == preview.width * preview.height * 3
            watched = engine.finish(run)
        finally:
            engine.end(run)
        assert watched == run_to_end(engine, job)

    def test_the_base_is_untouched_by_a_job(self) -> None:
        engine = self.engine()
        before = engine.fingerprint()
        run_to_end(engine, self.job())
        assert engine.fingerprint() == before

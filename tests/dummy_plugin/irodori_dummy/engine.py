"""An engine that stops between steps: each step adds a byte drawn from prompt and seed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.jobs import GenerateJob
from hub.plugin_api import Engine, Generation, JobRefusedError, LocalPack, ModelLayout, Run
from irodori_dummy.plugin import DummyConfig


@dataclass
class DummyRun(Run):
    drawn: list[int] = field(default_factory=list, init=False)


class DummyEngine(Engine):
    def __init__(self, config: DummyConfig) -> None:
        """Takes its plugin's config, as every component does."""

    def load(self, device: str) -> None:
        """There is no model to load."""

    def layout(self) -> ModelLayout:
        return ModelLayout({"dummy": {"layer.weight": (4, 6)}}, {"dummy": frozenset({"layer"})})

    def fingerprint(self) -> str:
        return hashlib.sha256(b"nothing to change").hexdigest()

    def group(self, job: GenerateJob) -> str:
        return "all"

    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> Run:
        if packs:
            raise JobRefusedError("no_adapters", "This base takes no styles. Generate without.")
        return DummyRun(job)

    def step(self, runs: Sequence[Run]) -> None:
        for run in runs:
            assert isinstance(run, DummyRun)  # narrows the type; the loop passes back what start made
            run.drawn.append(hashlib.sha256(f"{run.job.prompt} {run.job.seed} {run.step}".encode()).digest()[0])
            run.step += 1

    def finish(self, run: Run) -> Generation:
        assert isinstance(run, DummyRun)  # as above
        return Generation(bytes(run.drawn), "application/octet-stream", run.job.seed)

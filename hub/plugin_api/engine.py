"""Engines run one base-model family, a denoising step at a time.

The serving loop owns the device and calls every method but `prepare` and `report` from one thread. Requests join and leave between
steps: `start` makes a run, `step` advances the runs it is given by one step each, `finish` turns a done run into bytes,
`end` takes back what a run holds.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hub.jobs import AdapterUse, GenerateJob
from hub.plugin_api.adapter_format import ModelLayout
from hub.plugin_api.adapter_plan import View
from hub.plugin_api.errors import JobRefusedError
from hub.plugin_api.manifest import ExtensionPoint, OnError
from hub.plugin_api.report import EngineReport


@dataclass(frozen=True)
class EngineInfo:
    """What the site knows of an engine without importing it.

    `compute_price(width, height, steps)` is the published price of the computation in micro-units (1e-6 USD).
    `families` are beginnings of the names that trainers write for the bases this engine serves (modelspec's
    architecture, kohya's ss_base_model_version); a file that names another base is refused. Empty accepts any.
    `scheduler_options` says for a scheduler what may follow its name, in groups that exclude each other.
    `takes_pictures`: can a generation start from a picture, with or without a mask?
    `may_refine`: can it be set up with a refiner, a second model for the last steps?
    `upscales`: is bringing a picture to a larger size all that it does? Then no page offers it for drawing.
    `max_prompt_weight`: `(text:1.3)` lets a text count 1.3 times, up to so many; 0 where such marks are ordinary text.
    """

    schedulers: tuple[str, ...]
    size_multiple: int
    max_steps: int
    compute_price: Callable[[int, int, int], int]
    families: tuple[str, ...] = ()
    scheduler_options: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    takes_pictures: bool = False
    may_refine: bool = False
    upscales: bool = False
    max_prompt_weight: float = 0.0

    def offers(self, scheduler: str) -> bool:
        """Is this one of `schedulers`, or one followed by options, at most one of each group: `euler/karras/trailing`?"""
        name, *options = scheduler.split("/")
        groups = self.scheduler_options.get(name, ())
        chosen = [next((group for group in groups if option in group), None) for option in options]
        return name in self.schedulers and None not in chosen and len(set(chosen)) == len(chosen)


@dataclass(frozen=True)
class StoredTensor:
    """Where a parameter of the base lies: in a safetensors file, under the name that it has there."""

    file: Path
    name: str
    view: View = "whole"


@dataclass(frozen=True)
class Generation:
    """What a finished run delivers; `seed` is the one really used.

    The worker's meter fills in what it took: the run's part of the time and of the energy of all steps that it shared.
    None where nobody measured it, as energy on a CPU.
    """

    content: bytes
    media_type: str
    seed: int
    device_seconds: float | None = None
    energy_joules: float | None = None


@dataclass(frozen=True)
class Preview:
    """A glimpse of an unfinished run: `pixels` are RGB, a byte each, row by row from the top left."""

    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True)
class LocalPack:
    """An adapter pack on this machine's disk, hash already verified, with the weight to apply.

    `checksums` are XXH3-64 of each MiB of the file as it was then; without any its maker vouches for it.
    """

    use: AdapterUse
    path: Path
    checksums: tuple[int, ...] = ()


class LocalJob(GenerateJob):
    """A job that has a source, as the worker hands it to an engine: with the bytes of its picture, hash verified.

    They are what a user sent, of any format or none. `mask` is empty where the source names none.
    """

    picture: bytes
    mask: bytes


@dataclass(eq=False)
class Run:
    """One generation in progress; an engine subclasses it to keep its own state."""

    job: GenerateJob
    step: int = field(default=0, init=False)

    @property
    def done(self) -> bool:
        return self.step >= self.job.steps


class Engine(Protocol):
    """Holds one base model and generates from it. Whatever a job changes in the base is restored afterwards."""

    @abstractmethod
    def load(self, device: str) -> None:
        """Bring the base into memory; called once, before anything but `layout`.

        `device` is as torch names it ("cpu", "cuda:1"), or "auto" for the best that this machine has.
        """

    @abstractmethod
    def layout(self) -> ModelLayout:
        """Names and shapes of the base's parameters, from its configuration alone, without its weights."""

    def stored_weights(self) -> Mapping[str, Mapping[str, StoredTensor]]:
        """Component -> parameter -> where the base's own lies, for bases whose files are here.

        Fine-tuned models are kept and moved as their difference to these; those of other components are kept whole.
        """
        return {}

    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256 of the live parameters: equal before and after any job, or the base was damaged."""

    @abstractmethod
    def group(self, job: GenerateJob) -> str:
        """Jobs with the same answer may be stepped together.

        Raises JobRefusedError if the engine can't run the job.
        """

    def prepare(self, packs: Sequence[LocalPack]) -> None:  # noqa: ARG002 - for subclasses
        """Bring what `start` will need close to the device, while other jobs run: called from any thread.

        Only a hint, and no promise that it stays. Raises JobRefusedError if these can't be used.
        """
        return None  # noqa: RET501 - tells mypy that subclasses may leave it as it is

    @abstractmethod
    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> Run:
        """Encode the prompt and draw the first noise. A job with a source comes as a LocalJob.

        Raises JobRefusedError if the job can't be run, EngineFullError if not before another run has ended.
        """

    @abstractmethod
    def step(self, runs: Sequence[Run]) -> None:
        """Advance each run by one step; all come from one group. No run's picture may depend on the others' adapters.

        A step that would hold up others for long is made in parts, one in each call: `run.step` counts it with the last.
        """

    def preview(self, run: Run) -> Preview | None:  # noqa: ARG002 - for subclasses
        """What an unfinished run is going to look like; called between steps, so far cheaper than one. None for nothing.

        It is shown before `finish`: an engine that refuses pictures there shows none that it might refuse.
        """
        return None

    @abstractmethod
    def finish(self, run: Run) -> Generation:
        """Decode a done run."""

    def end(self, run: Run) -> None:  # noqa: ARG002 - for subclasses
        """Take back what the run holds; called once for every run that was started, finished or not."""
        return None  # noqa: RET501 - as above

    def report(self) -> EngineReport:
        """What a loaded engine tells its operator; called from any thread, so it only reads."""
        return EngineReport()


class OneShotEngine(Engine):
    """For engines that can't stop between steps: implement `generate`, the first step does it all."""

    @abstractmethod
    def generate(self, job: GenerateJob) -> Generation: ...

    def load(self, device: str) -> None:
        """Nothing to load unless a subclass says so."""

    def layout(self) -> ModelLayout:
        return ModelLayout({})

    def fingerprint(self) -> str:
        return ""

    def group(self, job: GenerateJob) -> str:
        return str(job.id)

    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> Run:
        if job.source:
            raise JobRefusedError("no_pictures", "This base can't start from a picture. Choose another base.")
        if job.refiner_start is not None:
            raise JobRefusedError("no_refiner", "This base has no refiner. Leave refiner_start out.")
        if packs:
            raise JobRefusedError("no_adapters", "This base takes no styles. Choose another base, or generate without.")
        return OneShotRun(job)

    def step(self, runs: Sequence[Run]) -> None:
        for run in runs:
            assert isinstance(run, OneShotRun)  # noqa: S101 - narrows the type; the loop passes back what start made
            run.generation = self.generate(run.job)
            run.step = run.job.steps

    def finish(self, run: Run) -> Generation:
        assert isinstance(run, OneShotRun)  # noqa: S101 - as above
        if run.generation is None:
            raise RuntimeError("finish() was called before step().")
        return run.generation


@dataclass
class OneShotRun(Run):
    generation: Generation | None = field(default=None, init=False)


ENGINE: ExtensionPoint[Engine] = ExtensionPoint("engine", on_error=OnError.FAIL_JOB)

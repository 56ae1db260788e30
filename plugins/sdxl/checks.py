"""Refuses what the engine can't run, with a sentence that says what to change."""

from collections.abc import Iterable

from hub.jobs import GenerateJob
from hub.plugin_api import EngineInfo, JobRefusedError


def check_job(job: GenerateJob, *, base_model: str, info: EngineInfo, has_refiner: bool) -> None:
    """Raises JobRefusedError."""
    if job.base_model != base_model:
        raise JobRefusedError(
            "wrong_base", f"This worker serves the base {base_model}, not {job.base_model}. Choose that base."
        )
    if not info.offers(job.scheduler):
        raise JobRefusedError(
            "unknown_scheduler", f"The scheduler {job.scheduler!r} is not offered. Choose {_either(info.schedulers)}."
        )
    if job.width % info.size_multiple or job.height % info.size_multiple:
        raise JobRefusedError(
            "bad_size",
            f"Width and height must be multiples of {info.size_multiple}, not {job.width} x {job.height}.",
        )
    if job.steps > info.max_steps:
        raise JobRefusedError("too_many_steps", f"At most {info.max_steps} steps are offered, not {job.steps}.")
    if job.source and int(job.steps * job.source.strength) < 1:
        raise JobRefusedError(
            "strength_too_low", "At this strength no step would change the picture. Raise the strength or the steps."
        )
    if job.refiner_start is not None and not has_refiner:
        raise JobRefusedError("no_refiner", "This base has no refiner. Leave refiner_start out.")
    _check_fine_tunes(job)
    _check_embeddings(job)


def _check_fine_tunes(job: GenerateJob) -> None:
    fine_tunes = [use for use in job.adapters if use.kind == "fine_tune"]
    if len(fine_tunes) > 1:
        raise JobRefusedError("two_fine_tunes", "Two whole models can't be used at once. Choose one of them.")
    if any(use.weight != 1 for use in fine_tunes):
        raise JobRefusedError("fine_tune_weight", "A whole model is used fully or not at all. Set its weight to 1.")


def _check_embeddings(job: GenerateJob) -> None:
    if any(use.weight != 1 for use in job.adapters if use.kind == "embedding"):
        raise JobRefusedError(
            "embedding_weight",
            "A textual inversion is read as a whole. Set its weight to 1, and weigh its word in the prompt: (word:0.8).",
        )


def _either(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last

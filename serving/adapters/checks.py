"""What every adapter must satisfy, whatever its format: complete, of the base's shapes, not over-rank."""

from collections import Counter
from collections.abc import Iterable

from hub.plugin_api import AdapterPlan, LowRankTarget, ModelLayout, Shape, UnsupportedFileError, WeightTarget
from hub.tensor_file import WEIGHT_DTYPES, FileHeader
from serving.adapters.pack import MAX_RANK


def check_plan(plan: AdapterPlan, header: FileHeader, layout: ModelLayout) -> None:
    """Raises UnsupportedFileError. A name in the plan that the file lacks is the format's fault: KeyError."""
    _refuse("no_weights", "The file holds nothing that can be served. Upload a LoRA or a whole model.", not _size(plan))
    _check_cover(plan, header)
    _check_types(plan, header)
    for target in plan.low_rank:
        _check_low_rank(target, header, layout)
    for weight in plan.weights:
        _check_weight(weight, header, layout)


def rank_of(target: LowRankTarget, header: FileHeader) -> int:
    return header.tensors[target.down].shape[0]


def some(names: Iterable[str], shown: int = 3) -> str:
    """The first few names and how many there are."""
    listed = sorted(names)
    return ", ".join(listed[:shown]) + (f" and {len(listed) - shown} more" if len(listed) > shown else "")


def _size(plan: AdapterPlan) -> int:
    return len(plan.low_rank) + len(plan.weights)


def _check_cover(plan: AdapterPlan, header: FileHeader) -> None:
    used = {name for t in plan.low_rank for name in (t.down, t.up, t.alpha) if name}
    used |= {target.source for target in plan.weights}
    left = header.tensors.keys() - used
    _refuse("unknown_tensors", f"{len(left)} tensors of the file can't be served: {some(left)}.", bool(left))
    goals = Counter((t.component, t.module) for t in plan.low_rank) + Counter(
        (t.component, t.parameter) for t in plan.weights
    )
    twice = [f"{component}.{name}" for (component, name), count in goals.items() if count > 1]
    _refuse("named_twice", f"The file changes these more than once: {some(twice)}. Export it again.", bool(twice))


def _check_types(plan: AdapterPlan, header: FileHeader) -> None:
    weights = {name for t in plan.low_rank for name in (t.down, t.up)} | {t.source for t in plan.weights}
    wrong = [name for name in weights if header.tensors[name].dtype not in WEIGHT_DTYPES]
    _refuse(
        "bad_dtype",
        f"Weights must be float32, float16 or bfloat16; these are not: {some(wrong)}. Save the file in one of them.",
        bool(wrong),
    )


def _check_low_rank(target: LowRankTarget, header: FileHeader, layout: ModelLayout) -> None:
    weight = layout.modules(target.component).get(target.module)
    if weight is None:
        raise UnsupportedFileError(
            "wrong_base", f"The base has no module {target.component}.{target.module} to adapt. Choose the right base."
        )
    down, up = header.tensors[target.down].shape, header.tensors[target.up].shape
    rank = down[0] if down else 0
    if rank > MAX_RANK:
        raise UnsupportedFileError(
            "over_rank",
            f"{target.down} has rank {rank}; at most {MAX_RANK} is served. Resize the LoRA and upload it again.",
        )
    expected: tuple[Shape, Shape] = (
        (rank, *weight[1:]),
        (weight[0], rank, *([1] * (len(weight) - 2))),
    )
    if (down, up) != expected:
        raise UnsupportedFileError(
            "wrong_base",
            f"The tensors of {target.component}.{target.module} have shapes {list(down)} and {list(up)}; this base needs "
            f"{list(expected[0])} and {list(expected[1])}. Choose the base that the file was trained on.",
        )


def _check_weight(target: WeightTarget, header: FileHeader, layout: ModelLayout) -> None:
    expected, found = layout.shape(target.component, target.parameter), header.tensors[target.source].shape
    if expected != found:
        raise UnsupportedFileError(
            "wrong_base",
            f"{target.source} has shape {list(found)}; {target.component}.{target.parameter} of this base has "
            f"{list(expected) if expected else 'no place for it'}. Choose the base that the file was trained on.",
        )


def _refuse(code: str, sentence: str, condition: bool) -> None:
    if condition:
        raise UnsupportedFileError(code, sentence)

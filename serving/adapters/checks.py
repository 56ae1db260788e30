"""What every adapter must satisfy, whatever its format: complete, of the base's shapes, not over-rank."""

from collections import Counter
from collections.abc import Collection
from math import prod

from hub.plugin_api import (
    AdapterPlan,
    AddedTarget,
    FactoredTarget,
    LowRankTarget,
    ModelLayout,
    ScaledTarget,
    Shape,
    UnsupportedFileError,
    View,
    WeightTarget,
    some,
    viewed_shape,
)
from hub.tensor_file import WEIGHT_DTYPES, FileHeader
from serving.adapters.embedding_checks import check_embeddings
from serving.adapters.factors import check_factors, factor_rank
from serving.adapters.pack import MAX_RANK


def check_plan(plan: AdapterPlan, header: FileHeader, layout: ModelLayout) -> None:
    """Raises UnsupportedFileError. A name in the plan that the file lacks is the format's fault: KeyError."""
    if not any(True for _ in plan.sources()):
        raise UnsupportedFileError(
            "no_weights", "The file holds nothing that can be served. Upload a LoRA or a whole model."
        )
    _check_cover(plan, header)
    _check_types(plan, header)
    for target in plan.low_rank:
        _check_low_rank(target, header, layout)
    for factored in plan.factored:
        _check_factored(factored, header, layout)
    for scaled in plan.scaled:
        _check_scaled(scaled, header, layout)
    for weight in plan.weights:
        _check_weight(weight, weight.view, header, layout)
    for added in plan.added:
        _check_weight(added, "whole", header, layout)
    check_embeddings(plan.embeddings, header, layout)


def rank_of(target: LowRankTarget, header: FileHeader) -> int:
    return header.tensors[target.down].shape[0]


def _check_cover(plan: AdapterPlan, header: FileHeader) -> None:
    used = Counter(plan.sources())
    left = header.tensors.keys() - used.keys() - set(plan.unused)
    _refuse("unknown_tensors", f"{len(left)} tensors of the file can't be served: {some(left)}.", left)
    changed = Counter(plan.changed())
    twice = [f"{component}.{name}" for (component, name), count in changed.items() if count > 1]
    twice += [name for name, count in used.items() if count > 1]
    _refuse("named_twice", f"The file changes these more than once: {some(twice)}. Export it again.", twice)


def _check_types(plan: AdapterPlan, header: FileHeader) -> None:
    weights = set(plan.sources()) - set(plan.numbers())
    wrong = [name for name in weights if header.tensors[name].dtype not in WEIGHT_DTYPES]
    _refuse(
        "bad_dtype",
        f"Weights must be float32, float16 or bfloat16; these are not: {some(wrong)}. Save the file in one of them.",
        wrong,
    )


def _weight_of(target: LowRankTarget | FactoredTarget | ScaledTarget, layout: ModelLayout) -> Shape:
    weight = layout.modules(target.component).get(target.module)
    if weight is None:
        raise UnsupportedFileError(
            "wrong_base", f"The base has no module {target.component}.{target.module} to adapt. Choose the right base."
        )
    return weight


def _check_low_rank(target: LowRankTarget, header: FileHeader, layout: ModelLayout) -> None:
    weight = _weight_of(target, layout)
    down, up = header.tensors[target.down].shape, header.tensors[target.up].shape
    rank = down[0] if down else 0
    _check_rank(target.down, rank)
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


def _check_factored(target: FactoredTarget, header: FileHeader, layout: ModelLayout) -> None:
    weight = _weight_of(target, layout)
    _check_rank(f"{target.component}.{target.module}", max(factor_rank(part, header) for part in target.factors))
    check_factors(target, header, weight)
    if target.magnitude:
        length = weight[target.magnitude_axis]
        _check_vector(target.magnitude, length, header, f"one length for each of {length}")


def _check_scaled(target: ScaledTarget, header: FileHeader, layout: ModelLayout) -> None:
    weight = _weight_of(target, layout)
    found = prod(header.tensors[target.source].shape)
    length = found if found in weight[:2] else weight[0]
    _check_vector(target.source, length, header, f"{weight[0]} numbers, or {weight[1]} on input")


def _check_vector(name: str, length: int, header: FileHeader, wanted: str) -> None:
    shape = header.tensors[name].shape
    # All sizes but one are 1, so it lies along one axis whichever way it is turned.
    if prod(shape) != length or max(shape, default=1) != length:
        raise UnsupportedFileError(
            "wrong_base",
            f"{name} has shape {list(shape)}; this base needs {wanted}. Choose the base that the file was trained on.",
        )


def _check_rank(name: str, rank: int) -> None:
    if rank > MAX_RANK:
        raise UnsupportedFileError(
            "over_rank", f"{name} has rank {rank}; at most {MAX_RANK} is served. Resize the LoRA and upload it again."
        )


def _check_weight(target: WeightTarget | AddedTarget, view: View, header: FileHeader, layout: ModelLayout) -> None:
    expected, found = layout.shape(target.component, target.parameter), header.tensors[target.source].shape
    if expected is None or expected != viewed_shape(found, view):
        raise UnsupportedFileError(
            "wrong_base",
            f"{target.source} has shape {list(found)}; {target.component}.{target.parameter} of this base has "
            f"{list(expected) if expected else 'no place for it'}. Choose the base that the file was trained on.",
        )


def _refuse(code: str, sentence: str, names: Collection[str]) -> None:
    if names:
        raise UnsupportedFileError(code, sentence, names)

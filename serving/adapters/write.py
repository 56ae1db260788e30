"""Writes a pack. Same source, same bytes: the pack's hash names its content."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import groupby
from math import prod
from pathlib import Path

from hub.plugin_api import (
    AdapterPlan,
    FactoredTarget,
    LowRankTarget,
    ModelLayout,
    ScaledTarget,
    Shape,
    UnsupportedFileError,
    WeightTarget,
)
from serving.adapters.checks import rank_of
from serving.adapters.embedding_checks import matrix_of
from serving.adapters.entries import Entry, check_finite, copied, file_chunks, number, numbers, read_number, written
from serving.adapters.expand import expanded, expanded_rank
from serving.adapters.factors import alpha_rank, sides, sizes
from serving.adapters.pack import ALPHAS, DOWN, MAGNITUDES, SCALED, SIDES, UP, delta_name, metadata, vectors_name
from serving.adapters.tensor_bytes import TensorFile, viewed


def write_pack(plan: AdapterPlan, source: TensorFile, layout: ModelLayout, path: Path) -> str:
    """Write the pack of a checked plan; returns its SHA-256. Raises UnsupportedFileError for NaN and infinity."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for chunk in file_chunks(_entries(plan, source, layout), metadata(plan.kind, layout.digest())):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _entries(plan: AdapterPlan, source: TensorFile, layout: ModelLayout) -> Iterator[Entry]:
    alphas: dict[tuple[str, str], float] = {}
    for target in plan.low_rank:
        alphas[target.component, target.module] = _alpha(target, rank_of(target, source.header), source)
        yield from _low_rank(target, source)
    for factored in plan.factored:
        check_finite(list(factored.names()), source)
        shape, scale = layout.modules(factored.component)[factored.module], _scale(factored, source)
        if rank := expanded_rank(factored, source.header, shape):
            alphas[factored.component, factored.module] = scale * rank
            yield from _pair(factored, source, shape, rank)
        else:
            yield from _delta(factored, source, shape, scale)
    yield from _alphas(alphas)
    for scaled in plan.scaled:
        yield _scaled(scaled, source, layout.modules(scaled.component)[scaled.module])
    for added in plan.added:
        yield copied(delta_name("added", added.component, added.parameter, "change"), added.source, source)
    for word in plan.embeddings:
        shape = matrix_of(word, source.header)
        yield copied(vectors_name(word.component, word.word), word.source, source, shape)
    for weight in plan.weights:
        yield _weight(weight, source, layout.components[weight.component][weight.parameter])


def _weight(target: WeightTarget, source: TensorFile, shape: Shape) -> Entry:
    name = f"{target.component}.{target.parameter}"
    if target.view in ("whole", "matrix"):  # whose bytes are the tensor's
        return copied(name, target.source, source, shape)
    check_finite([target.source], source)
    dtype = source.header.tensors[target.source].dtype
    return written(name, dtype, shape, lambda: viewed(source.raw(target.source), target.view))


def _low_rank(target: LowRankTarget, source: TensorFile) -> Iterator[Entry]:
    name = f"{target.component}.{target.module}"
    yield copied(name + DOWN, target.down, source)
    yield copied(name + UP, target.up, source)


def _alphas(alphas: Mapping[tuple[str, str], float]) -> Iterator[Entry]:
    """By component and module. One tensor for each component."""
    for component, found in groupby(sorted(alphas.items()), lambda item: item[0][0]):
        yield numbers(ALPHAS + component, [alpha for _, alpha in found])


def _scale(target: FactoredTarget, source: TensorFile) -> float:
    rank = alpha_rank(target, source.header)
    alpha = _alpha(target, rank, source)
    return alpha / rank if rank else 1.0


def _pair(target: FactoredTarget, source: TensorFile, weight: Shape, rank: int) -> Iterator[Entry]:
    name = f"{target.component}.{target.module}"
    ones = (1,) * len(weight[2:])
    yield written(name + DOWN, "F32", (rank, *weight[1:]), lambda: expanded(target, source, weight)[0])
    yield written(name + UP, "F32", (weight[0], rank, *ones), lambda: expanded(target, source, weight)[1])


def _delta(target: FactoredTarget, source: TensorFile, weight: Shape, scale: float) -> Iterator[Entry]:
    name = partial(delta_name, target.rule, target.component, f"{target.module}.weight")
    matrices = sizes(target, source.header, weight)
    for which, factor, size in zip(SIDES[: len(matrices)], target.factors, matrices, strict=True):
        for side in sides(factor, size, source):
            yield written(name(f"{which}_{side.name}"), side.dtype, side.shape, side.items)
    yield number(name("scale"), scale)
    if target.magnitude:
        axis = target.magnitude_axis
        yield copied(name(MAGNITUDES[axis]), target.magnitude, source, along(axis, weight))


def _scaled(target: ScaledTarget, source: TensorFile, weight: Shape) -> Entry:
    flag = read_number(target.on_input, source)
    length = prod(source.header.tensors[target.source].shape)
    if flag not in (0, 1) or length != weight[int(flag)]:
        raise UnsupportedFileError(
            "bad_flag",
            f"{target.on_input} is {flag}: it must be 0 for {weight[0]} outputs or 1 for {weight[1]} inputs, and "
            f"{target.source} holds {length} numbers. Export the file again.",
        )
    axis = int(flag)
    name = delta_name(SCALED[axis], target.component, f"{target.module}.weight", "change")
    return copied(name, target.source, source, along(axis, weight))


def along(axis: int, weight: Shape) -> Shape:
    """The shape in which one number per slice along this axis stretches over the weight."""
    return tuple(size if place == axis else 1 for place, size in enumerate(weight))


def _alpha(target: LowRankTarget | FactoredTarget, rank: int, source: TensorFile) -> float:
    """The alpha to divide by this rank. Raises UnsupportedFileError for zero, which programs read in two ways."""
    value = target.alpha_value if target.alpha is None else read_number(target.alpha, source)
    if value == 0:
        raise UnsupportedFileError(
            "zero_alpha",
            f"The alpha of {target.component}.{target.module} is 0: trainers take that for the rank, other programs for "
            "no effect at all. Write down the alpha that you mean and upload the file again.",
        )
    return float(rank) if value is None else value

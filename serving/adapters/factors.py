"""Shapes and numbers of a target's factors: what must fit, and what each becomes in a pack, with numpy alone.

In a pack a factor is `whole` [rows, columns, *kernel], or `left` [rows, rank] with `right` [rank, columns, *kernel]:
transposed sides are turned and a Tucker core is multiplied into the right one.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hub.plugin_api import FACTORS_OF, Factor, FactoredTarget, Shape, UnsupportedFileError
from hub.tensor_file import FileHeader
from serving.adapters.tensor_bytes import TensorFile

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Size:
    """The size of the matrix that a factor stands for; `kernel` is empty for a Linear layer."""

    rows: int
    columns: int
    kernel: Shape

    @property
    def shape(self) -> Shape:
        return (self.rows, self.columns, *self.kernel)


def sizes(target: FactoredTarget, header: FileHeader, weight: Shape) -> list[Size]:
    """The size of each factor for a module whose weight has this shape. Raises UnsupportedFileError."""
    if len(target.factors) != FACTORS_OF[target.rule]:
        raise ValueError(f"The rule {target.rule} takes {FACTORS_OF[target.rule]} factors.")
    whole = Size(weight[0], weight[1], weight[2:])
    if target.rule != "kronecker":
        return [whole] * len(target.factors)
    first = _first_of_kronecker(target.factors[0], header)
    if not all(first) or weight[0] % first[0] or weight[1] % first[1]:
        raise _misfit(target, header, weight)
    return [Size(*first, ()), Size(weight[0] // first[0], weight[1] // first[1], weight[2:])]


def check_factors(target: FactoredTarget, header: FileHeader, weight: Shape) -> None:
    """Raises UnsupportedFileError where a tensor has no shape that the base's weight allows."""
    for factor, size in zip(target.factors, sizes(target, header, weight), strict=True):
        rank = factor_rank(factor, header)
        for name, allowed in _allowed(factor, size, rank):
            if header.tensors[name].shape not in allowed:
                raise _misfit(target, header, weight)
    if len(set(_ranks(target, header))) > 1:
        raise UnsupportedFileError(
            "unclear_rank",
            f"The factors of {target.component}.{target.module} have the ranks {_ranks(target, header)}, so nobody can "
            "tell which of them alpha belongs to. Export the file again.",
        )


def factor_rank(factor: Factor, header: FileHeader) -> int:
    """0 for a whole one, and for a tensor without dimensions, which then fits nowhere."""
    return next(iter(header.tensors[factor.right].shape), 0) if factor.right else 0


def alpha_rank(target: FactoredTarget, header: FileHeader) -> int:
    """The rank that alpha is divided by; 0 where no factor is split, and alpha plays no part."""
    return next(iter(_ranks(target, header)), 0)


@dataclass(frozen=True)
class Side:
    """What a pack holds of a factor; `items` reads it from the file, in the type that the file has."""

    name: str
    dtype: str
    shape: Shape
    items: Callable[[], "np.ndarray"]


def sides(factor: Factor, size: Size, source: TensorFile) -> Iterator[Side]:
    """The one side of a whole factor, or both of a split one. A Tucker core makes the right one float32."""
    types = {name: source.header.tensors[name].dtype for name in factor.names()}
    if factor.whole:
        yield Side("whole", types[factor.whole], size.shape, lambda: source.raw(factor.whole))
        return
    rank = factor_rank(factor, source.header)
    yield Side(
        "left", types[factor.left], (size.rows, rank), lambda: _left(source.raw(factor.left), factor, size, rank)
    )
    right = (rank, *size.shape[1:])
    if factor.core:
        yield Side("right", "F32", right, lambda: narrowed(_right(factor, size, source)))
    else:
        yield Side("right", types[factor.right], right, lambda: source.raw(factor.right))


def split(factor: Factor, size: Size, source: TensorFile) -> tuple[Numbers, Numbers]:
    """left [rows, rank] and right [rank, columns, *kernel] in float64; a whole one beside the smaller identity."""
    if not factor.whole:
        rank = factor_rank(factor, source.header)
        return _left(source.numbers(factor.left), factor, size, rank), _right(factor, size, source)
    whole = source.numbers(factor.whole).reshape(size.shape)
    width = math.prod(size.shape[1:])
    if size.rows <= width:
        return np.eye(size.rows), whole
    return whole.reshape(size.rows, width), np.eye(width).reshape(width, *size.shape[1:])


def narrowed(numbers: Numbers) -> NDArray[np.float32]:
    """What is too large becomes infinity, which is refused when it is written."""
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32)


def split_rank(factor: Factor, size: Size, header: FileHeader) -> int:
    """The rank of what `split` gives, without reading a tensor."""
    return factor_rank(factor, header) or min(size.rows, math.prod(size.shape[1:]))


def _left(items: "np.ndarray", factor: Factor, size: Size, rank: int) -> "np.ndarray":
    return items.reshape(rank, size.rows).T if factor.left_transposed else items.reshape(size.rows, rank)


def _right(factor: Factor, size: Size, source: TensorFile) -> Numbers:
    """Tucker: core [i, j, *kernel] and right [j, columns] make [i, columns, *kernel].

    Source: LyCORIS functional/general.py rebuild_tucker, t[i j ...] wa[i p] wb[j r] -> [p r ...].
    """
    rank = factor_rank(factor, source.header)
    if not factor.core:
        return source.numbers(factor.right).reshape(rank, *size.shape[1:])
    right = source.numbers(factor.right).reshape(rank, size.columns)
    merged: Numbers = np.einsum("ij...,jr->ir...", source.numbers(factor.core), right)
    return merged


def _first_of_kronecker(factor: Factor, header: FileHeader) -> tuple[int, int]:
    """Rows and columns; zeros where the shapes say neither."""
    shapes = [header.tensors[name].shape for name in factor.names()]
    if any(len(shape) != 2 for shape in shapes) or factor.core or factor.left_transposed:
        return 0, 0
    return shapes[0][0], shapes[-1][1]


def _allowed(factor: Factor, size: Size, rank: int) -> Iterator[tuple[str, tuple[Shape, ...]]]:
    ones = (1,) * len(size.kernel)
    flat = math.prod(size.shape[1:])
    if factor.whole:
        yield factor.whole, (size.shape, (size.rows, flat))
        return
    left = (rank, size.rows) if factor.left_transposed else (size.rows, rank)
    yield factor.left, (left, (*left, *ones))
    if factor.core:
        yield factor.core, ((rank, rank, *size.kernel),)
        yield factor.right, ((rank, size.columns), (rank, size.columns, *ones))
    else:
        yield factor.right, ((rank, flat), (rank, *size.shape[1:]))


def _ranks(target: FactoredTarget, header: FileHeader) -> list[int]:
    return [factor_rank(factor, header) for factor in target.factors if not factor.whole]


def _misfit(target: FactoredTarget, header: FileHeader, weight: Shape) -> UnsupportedFileError:
    found = ", ".join(
        f"{name} {list(header.tensors[name].shape)}" for factor in target.factors for name in factor.names()
    )
    return UnsupportedFileError(
        "wrong_base",
        f"These make no weight of shape {list(weight)}, which {target.component}.{target.module} of this base has: "
        f"{found}. Choose the base that the file was trained on.",
    )

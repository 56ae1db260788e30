"""Writes products of small matrices as one low-rank pair, where that is the same function and small enough.

A Hadamard product of ranks r and s has rank r x s, and so has a Kronecker product: the pair below is an identity, not an
approximation. Computed in float64 and kept in float32, so each number of the pair is off by at most 2^-24 of itself.
"""

from math import prod

import numpy as np
from numpy.typing import NDArray

from hub.plugin_api import FactoredTarget, Shape
from hub.tensor_file import FileHeader
from serving.adapters.factors import Numbers, narrowed, sizes, split, split_rank
from serving.adapters.pack import EXPANDED_RANK, MAX_RANK
from serving.adapters.tensor_bytes import TensorFile

Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
Pair64 = tuple[Numbers, Numbers]


def expanded_rank(target: FactoredTarget, header: FileHeader, weight: Shape) -> int:
    """The rank of the pair that equals the target; 0 where it is served as a delta instead."""
    if target.magnitude:
        return 0
    parts = zip(target.factors, sizes(target, header, weight), strict=True)
    rank = prod(split_rank(factor, size, header) for factor, size in parts)
    return rank if rank <= (MAX_RANK if target.rule == "product" else EXPANDED_RANK) else 0


def expanded(target: FactoredTarget, source: TensorFile, weight: Shape) -> Pair:
    """down [rank, in, *kernel] and up [out, rank, *ones], for a target whose `expanded_rank` is not 0."""
    matrices = sizes(target, source.header, weight)
    pairs = [split(factor, size, source) for factor, size in zip(target.factors, matrices, strict=True)]
    up, down = pairs[0] if len(pairs) == 1 else _combined(target.rule, pairs[0], pairs[1], weight[2:])
    down, up = down.reshape(-1, *weight[1:]), up.reshape(weight[0], -1, *([1] * (len(weight) - 2)))
    return narrowed(down), narrowed(up)


def _combined(rule: str, first: Pair64, second: Pair64, kernel: Shape) -> Pair64:
    """up and down. Source: (A B) o (C D) = (A . C)(B * D) with . row-wise and * column-wise Khatri-Rao products, and
    (A B) x (C D) = (A x C)(B x D) for Kronecker's: Kolda and Bader, Tensor Decompositions and Applications, 2.6.
    """
    (left, right), (other_left, other_right) = first, second
    if rule == "hadamard":
        up: Numbers = left[:, :, None] * other_left[:, None, :]
        return up.reshape(left.shape[0], -1), right[:, None] * other_right[None, :]
    wide = right.reshape(*right.shape, *([1] * len(kernel)))
    return _kronecker(left, other_left), _kronecker(wide, other_right)


def _kronecker(first: Numbers, second: Numbers) -> Numbers:
    return np.kron(first, second).astype(np.float64)

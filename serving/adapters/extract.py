"""A fine-tuned model told again as a LoRA: the nearest pair of its rank for each module, and how near that is.

W' - W is cut to its largest singular values (Eckart and Young: no pair of that rank is nearer). The error that is told
is measured on the pair as it is written, in half precision, against the whole change: also what no pair can express, such
as norms and biases, counts as missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod, sqrt
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional

from hub.plugin_api import ModelLayout, UnsupportedFileError, WeightTarget
from serving.adapters.pack import DOWN, UP
from serving.adapters.stored import StoredBase
from serving.adapters.tensor_bytes import TensorFile, viewed

RANKS = (8, 16, 32, 64, 128)
# A LoRA of the smallest rank that misses at most this much of the change, and fills at most this share of the model.
AIM = 0.2
LARGEST_SHARE = 0.25
# No program reads a LoRA of an autoencoder.
UNTOLD = frozenset({"vae"})
# Up to this many rows or columns all singular values are computed, above it those that are needed, by random projection.
SMALL = 256
EXTRA, ROUNDS = 8, 4


@dataclass(frozen=True)
class ModuleError:
    """`error` is |D - up @ down| / |D| of one module's change D; `share` is |D| squared of that of all changes."""

    name: str
    error: float
    share: float


@dataclass(frozen=True)
class Extraction:
    """`error` is as ModuleError's, over all parameters; `left_out` counts those changed that no pair can express."""

    rank: int
    error: float
    left_out: int
    modules: tuple[ModuleError, ...]


@dataclass(frozen=True)
class Cut:
    """A change's singular values that may be needed, largest first: left [out, k], values [k], right [k, in]."""

    left: torch.Tensor
    values: torch.Tensor
    right: torch.Tensor
    square: float

    @property
    def pair_items(self) -> int:
        """Of a pair of rank 1."""
        return self.left.shape[0] + self.right.shape[1]


@dataclass(frozen=True)
class Changes:
    """How a model differs from its base, read a parameter at a time. Raises UnsupportedFileError without the base."""

    tuned: TensorFile
    base: StoredBase

    def of(self, target: WeightTarget) -> torch.Tensor:
        """float32, in the parameter's shape."""
        own = self.base.get(target.component)
        if own is None or target.parameter not in own.header.tensors:
            raise UnsupportedFileError(
                "no_base_weights",
                f"The hub has no file with the base's {target.component}.{target.parameter} to compare with, so no "
                "LoRA can be made of this model. Publish the model itself.",
            )
        tuned = viewed(self.tuned.numbers(target.source), target.view)
        return torch.from_numpy(tuned - own.numbers(target.parameter).reshape(tuned.shape)).float()


def extract(targets: Sequence[WeightTarget], changes: Changes, layout: ModelLayout, path: Path) -> Extraction:
    """Write the LoRA in diffusers' naming, in float16. Raises UnsupportedFileError where there is nothing to tell."""
    cuts: dict[WeightTarget, Cut] = {}
    others: list[float] = []
    for target in targets:
        change = changes.of(target)
        if square := _square(change):
            if target.component not in UNTOLD and _module(target) in layout.adaptable.get(target.component, ()):
                cuts[target] = cut(change)
            else:
                others.append(square)
    if not cuts:
        raise UnsupportedFileError(
            "nothing_changed", "No layer of this model differs from its base, so there is nothing to make a LoRA of."
        )
    size = sum(prod(layout.components[target.component][target.parameter]) for target in targets)
    return _written(cuts, others, chosen_rank(list(cuts.values()), sum(others), size), changes, path)


def cut(change: torch.Tensor) -> Cut:
    matrix, most = change.flatten(1), RANKS[-1]
    if min(matrix.shape) <= SMALL:
        left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # The same model gives the same file.
            left, values, columns = torch.svd_lowrank(matrix, q=most + EXTRA, niter=ROUNDS)
        right = columns.T
    return Cut(left[:, :most].clone(), values[:most], right[:most].clone(), _square(change))


def chosen_rank(cuts: Sequence[Cut], others: float, size: int) -> int:
    """The smallest of RANKS that meets AIM, else the largest that is small beside the model's `size` in numbers.

    `others` is the sum of squares that no pair can tell.
    """
    whole = others + sum(each.square for each in cuts)
    items = sum(each.pair_items for each in cuts)
    small = [rank for rank in RANKS if rank == RANKS[0] or rank * items <= LARGEST_SHARE * size]
    for rank in small:
        told = sum(float(each.values[:rank].square().sum()) for each in cuts)
        if whole - told <= AIM**2 * whole:
            return rank
    return small[-1]


def _written(
    cuts: Mapping[WeightTarget, Cut], others: Sequence[float], rank: int, changes: Changes, path: Path
) -> Extraction:
    tensors: dict[str, torch.Tensor] = {}
    missed: dict[WeightTarget, float] = {}
    for target, each in cuts.items():
        change = changes.of(target)
        down, up = _pair(each, rank, change.shape)
        name = f"{target.component}.{_module(target)}"
        tensors |= {name + DOWN: down, name + UP: up}
        missed[target] = _square(change.flatten(1) - up.float().flatten(1) @ down.float().flatten(1))
    save_file(tensors, path, metadata={"format": "pt"})
    whole = sum(others) + sum(each.square for each in cuts.values())
    worst_first = sorted(missed, key=lambda target: -missed[target])
    return Extraction(
        rank,
        sqrt((sum(others) + sum(missed.values())) / whole),
        len(others),
        tuple(_told(target, missed[target], cuts[target].square, whole) for target in worst_first),
    )


def _told(target: WeightTarget, missed: float, square: float, whole: float) -> ModuleError:
    return ModuleError(f"{target.component}.{_module(target)}", sqrt(missed / square), square / whole)


def _pair(each: Cut, rank: int, shape: torch.Size) -> tuple[torch.Tensor, torch.Tensor]:
    """down [rank, in, *kernel] and up [out, rank, *ones], float16, with zeros where the layer has no such rank.

    One rank for all: programs that read such a file take a single alpha, and would scale a smaller pair up.
    """
    root = each.values[:rank].sqrt()
    down, up = root[:, None] * each.right[:rank], each.left[:, :rank] * root
    missing = rank - len(root)
    down, up = functional.pad(down, (0, 0, 0, missing)), functional.pad(up, (0, missing))
    ones = (1,) * (len(shape) - 2)
    return down.reshape(rank, *shape[1:]).half().contiguous(), up.reshape(shape[0], rank, *ones).half().contiguous()


def _module(target: WeightTarget) -> str:
    """Empty for a parameter that is no layer's weight."""
    module, _, last = target.parameter.rpartition(".")
    return module if last == "weight" else ""


def _square(numbers: torch.Tensor) -> float:
    return float(numbers.square().sum(dtype=torch.float64))

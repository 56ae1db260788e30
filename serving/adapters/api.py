"""What an engine plugin may import from the serving tier: opens an adapter pack as tensors."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, cast

import torch

from serving.adapters import pack as form
from serving.adapters.checksums import Checksums, DamagedPackError, UnreadablePackError
from serving.adapters.deltas import Delta
from serving.adapters.mapped import MappedPack, Stored, chunks

__all__ = [
    "AdapterPack",
    "Checksums",
    "DamagedPackError",
    "Delta",
    "LowRank",
    "MappedPack",
    "Stored",
    "UnreadablePackError",
    "chunks",
    "open_pack",
]

Tensors = dict[str, Stored]


class LowRank(NamedTuple):
    """W of `component`.`module` gains weight x alpha/rank x up @ down. down: [rank, in, ...], up: [out, rank, ...]."""

    component: str
    module: str
    down: Stored
    up: Stored
    alpha: float

    @property
    def rank(self) -> int:
        return self.down.shape[0]


@dataclass(frozen=True)
class AdapterPack:
    """An adapter mapped from its file; `weights` is component -> parameter -> tensor.

    `low_rank` says where its pairs lie in `file`, sorted by component and module, none of them read yet. `deltas`
    change parameters that low-rank pairs can't, such as those of a DoRA: serving/adapters/deltas.py. `vectors` is component
    -> word -> [vectors, width], what stands for the word in a prompt.
    """

    kind: str
    layout_digest: str
    low_rank: tuple[LowRank, ...]
    weights: Mapping[str, Mapping[str, torch.Tensor]]
    deltas: tuple[Delta, ...]
    vectors: Mapping[str, Mapping[str, torch.Tensor]]
    file: MappedPack


def open_pack(path: Path, checksums: Checksums = ()) -> AdapterPack:
    """`checksums` as LocalPack has them. Raises UnreadablePackError, DamagedPackError."""
    file = MappedPack(path, checksums)
    metadata, tensors = file.header()
    if metadata.get(form.VERSION_KEY) not in form.READABLE:
        versions = " or ".join(sorted(form.READABLE))
        raise UnreadablePackError(path.stem, f"is no adapter pack of version {versions}.")
    deltas, vectors = _deltas(tensors, file), _vectors(tensors, file)
    low_rank = tuple(_low_rank(tensors, file))
    weights: dict[str, dict[str, torch.Tensor]] = {}
    for name, stored in tensors.items():
        component, _, parameter = name.partition(".")
        weights.setdefault(component, {})[parameter] = file.tensor(stored)
    return AdapterPack(metadata[form.KIND_KEY], metadata[form.LAYOUT_KEY], low_rank, weights, deltas, vectors, file)


def _low_rank(tensors: Tensors, file: MappedPack) -> Iterator[LowRank]:
    """Take all pairs and their alphas out of `tensors`."""
    names = [name.removesuffix(form.DOWN) for name in tensors if name.endswith(form.DOWN)]
    by_component = groupby(sorted(name.split(".", 1) for name in names), lambda parts: parts[0])
    for component, found in by_component:
        modules = [module for _, module in found]
        for module, alpha in zip(modules, _alphas(component, modules, tensors, file), strict=False):
            down, up = (tensors.pop(f"{component}.{module}{end}") for end in (form.DOWN, form.UP))
            yield LowRank(component, module, down, up, alpha)


def _alphas(component: str, modules: Iterable[str], tensors: Tensors, file: MappedPack) -> list[float]:
    """In the order of the modules; at least as many."""
    if together := tensors.pop(form.ALPHAS + component, None):
        return cast("list[float]", file.tensor(together).tolist())
    names = [f"{component}.{module}{form.ALPHA_OF_VERSION_1}" for module in modules]
    return [float(file.tensor(tensors.pop(name))) for name in names]


def _deltas(tensors: Tensors, file: MappedPack) -> tuple[Delta, ...]:
    """Take all deltas' tensors out of `tensors`."""
    found: dict[tuple[str, str, str], dict[str, torch.Tensor]] = {}
    for name in sorted(tensors):
        if name.startswith(form.DELTA):
            rule, component, parameter, part = form.delta_key(name)
            found.setdefault((component, parameter, rule), {})[part] = file.tensor(tensors.pop(name))
    return tuple(Delta(component, parameter, rule, parts) for (component, parameter, rule), parts in found.items())


def _vectors(tensors: Tensors, file: MappedPack) -> dict[str, dict[str, torch.Tensor]]:
    """Take the vectors of all words out of `tensors`."""
    found: dict[str, dict[str, torch.Tensor]] = {}
    for name in sorted(tensors):
        if name.startswith(form.VECTORS):
            component, word = form.vectors_key(name)
            found.setdefault(component, {})[word] = file.tensor(tensors.pop(name))
    return found

"""What an engine plugin may import from the serving tier: opens an adapter pack as tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open

from serving.adapters import pack as form
from serving.adapters.deltas import Delta

__all__ = ["AdapterPack", "Delta", "LowRank", "UnreadablePackError", "open_pack"]


class UnreadablePackError(Exception):
    """The file is no pack of this version; packs come from our own converter, so this is a fault of the hub."""


@dataclass(frozen=True)
class LowRank:
    """W of `component`.`module` gains weight x alpha/rank x up @ down. down: [rank, in, ...], up: [out, rank, ...]."""

    component: str
    module: str
    down: torch.Tensor
    up: torch.Tensor
    alpha: float

    @property
    def rank(self) -> int:
        return self.down.shape[0]


@dataclass(frozen=True)
class AdapterPack:
    """An adapter's tensors on the CPU, mapped from the file; `weights` is component -> parameter -> tensor.

    `deltas` change parameters that low-rank pairs can't, such as those of a DoRA: serving/adapters/deltas.py.
    """

    kind: str
    layout_digest: str
    low_rank: tuple[LowRank, ...]
    weights: Mapping[str, Mapping[str, torch.Tensor]]
    deltas: tuple[Delta, ...] = ()


def open_pack(path: Path) -> AdapterPack:
    """Raises UnreadablePackError."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        if metadata.get(form.VERSION_KEY) != form.VERSION:
            raise UnreadablePackError(f"{path.name} is no adapter pack of version {form.VERSION}.")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - safe_open is no mapping
    deltas = _deltas(tensors)
    modules = sorted(name.removesuffix(form.DOWN) for name in tensors if name.endswith(form.DOWN))
    low_rank = tuple(_low_rank(name, tensors) for name in modules)
    weights: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        component, _, parameter = name.partition(".")
        weights.setdefault(component, {})[parameter] = tensor
    return AdapterPack(metadata[form.KIND_KEY], metadata[form.LAYOUT_KEY], low_rank, weights, deltas)


def _low_rank(name: str, tensors: dict[str, torch.Tensor]) -> LowRank:
    """Take one module's three tensors out of `tensors`."""
    component, _, module = name.partition(".")
    down, up, alpha = (tensors.pop(name + ending) for ending in (form.DOWN, form.UP, form.ALPHA))
    return LowRank(component, module, down, up, float(alpha))


def _deltas(tensors: dict[str, torch.Tensor]) -> tuple[Delta, ...]:
    """Take all deltas' tensors out of `tensors`."""
    found: dict[tuple[str, str, str], dict[str, torch.Tensor]] = {}
    for name in sorted(tensors):
        if name.startswith(form.DELTA):
            rule, component, parameter, part = form.delta_key(name)
            found.setdefault((component, parameter, rule), {})[part] = tensors.pop(name)
    return tuple(Delta(component, parameter, rule, parts) for (component, parameter, rule), parts in found.items())

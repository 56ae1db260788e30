"""Adapters in host memory: opened once, in the base's precision, and kept while there is room."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import torch
from torch import nn

from plugins.sdxl.slots.garage import Rows
from serving.adapters.api import Delta

Models = Mapping[str, nn.Module]
Weights = Mapping[str, Mapping[str, torch.Tensor]]
"""Component -> parameter -> what replaces it."""


@dataclass(frozen=True)
class Opened:
    """`rows` go into slots; `weights` replace parameters; `deltas` are changes that slots can't express."""

    rows: Rows
    weights: Weights
    deltas: tuple[Delta, ...] = ()

    @property
    def nbytes(self) -> int:
        tensors = [tensor for named in self.weights.values() for tensor in named.values()]
        tensors += [tensor for delta in self.deltas for tensor in delta.parts.values()]
        return sum(row.nbytes for row in self.rows.values()) + sum(tensor.nbytes for tensor in tensors)


class HostTier:
    """The longest unused leaves first. Safe to use from every thread."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._kept: OrderedDict[str, Opened] = OrderedDict()
        self._lock = Lock()

    def get(self, name: str, load: Callable[[], Opened]) -> Opened:
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        opened = load()
        with self._lock:
            self._kept[name] = opened
            while sum(each.nbytes for each in self._kept.values()) > self._limit and len(self._kept) > 1:
                self._kept.popitem(last=False)
        return opened


def merged(weights: Weights, changes: Sequence[tuple[Delta, float]], models: Models) -> Weights:
    """`weights` and what deltas, each at its weight, make of them; of the base's own where `weights` has none.

    All changes of one parameter start from the same value and add up, in float32; the base is only read.
    """
    result = {component: dict(named) for component, named in weights.items()}
    sums: dict[tuple[str, str], torch.Tensor] = {}
    for delta, weight in changes:
        change = weight * delta.change(_value(weights, delta, models))
        place = (delta.component, delta.parameter)
        sums[place] = sums[place] + change if place in sums else change
    for delta, _ in changes:
        value = _value(weights, delta, models)
        total = value.float() + sums[delta.component, delta.parameter]
        result.setdefault(delta.component, {})[delta.parameter] = total.to(value.dtype)
    return result


def _value(weights: Weights, delta: Delta, models: Models) -> torch.Tensor:
    replaced = weights.get(delta.component, {}).get(delta.parameter)
    return replaced if replaced is not None else models[delta.component].get_parameter(delta.parameter).data

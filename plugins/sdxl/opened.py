"""Adapters in host memory: opened once, in the base's precision, and kept while there is room. Nothing here lies on a device."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from threading import Condition

import torch
from torch import nn

from hub.plugin_api import Tally, Tier
from plugins.sdxl.slots.garage import Rows
from plugins.sdxl.strides import bytes_kept, hosted_as
from serving.adapters.api import Delta

Models = Mapping[str, nn.Module]
Weights = Mapping[str, Mapping[str, torch.Tensor]]
"""Component -> parameter -> what replaces it."""
Vectors = Mapping[str, Mapping[str, torch.Tensor]]
"""Text encoder -> word -> [vectors, width]."""


@dataclass(frozen=True)
class Opened:
    """`rows` go into slots; `weights` replace parameters; `deltas` are changes that slots can't express.

    `vectors` are what the text encoders read for words of the prompt.
    """

    rows: Rows
    weights: Weights
    deltas: tuple[Delta, ...] = ()
    vectors: Vectors = field(default_factory=dict)

    @property
    def only_words(self) -> bool:
        return not (self.rows or self.weights or self.deltas)

    @cached_property
    def nbytes(self) -> int:
        tensors = [tensor for named in self.weights.values() for tensor in named.values()]
        tensors += [tensor for delta in self.deltas for tensor in delta.parts.values()]
        tensors += [tensor for named in self.vectors.values() for tensor in named.values()]
        return sum(row.nbytes for row in self.rows.values()) + sum(map(bytes_kept, tensors))


class HostTier:
    """The longest unused leaves first; what runs wear, and what was asked for last, stays. Safe to use from every thread."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._reads = Tally()
        self._kept: OrderedDict[str, Opened] = OrderedDict()
        self._pins: Counter[str] = Counter()
        self._loading: set[str] = set()
        self._changed = Condition()

    def tier(self) -> Tier:
        with self._changed:
            used = sum(each.nbytes for each in self._kept.values())
        return self._reads.tier("host", used_bytes=used, limit_bytes=self._limit)

    def asked_for(self, name: str) -> None:
        """Counts a hit if it is there: once for a request, which then gets it as often as it likes."""
        if name in self._kept:
            self._reads.find()

    def get(self, name: str, load: Callable[[], Opened]) -> Opened:
        """Loaded once, however many threads ask at a time. Raises what `load` raises."""
        with self._changed:
            self._changed.wait_for(lambda: name not in self._loading)
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            self._loading.add(name)
        try:
            with self._reads.doing():
                opened = load()
            self._keep(name, opened)
        finally:
            with self._changed:
                self._loading.remove(name)
                self._changed.notify_all()
        return opened

    def pin(self, names: Iterable[str]) -> None:
        with self._changed:
            self._pins.update(names)

    def unpin(self, names: Iterable[str]) -> None:
        with self._changed:
            self._pins.subtract(names)
            self._pins += Counter()  # Drops those that nobody wears.

    def _keep(self, name: str, opened: Opened) -> None:
        with self._changed:
            self._kept[name] = opened
            excess = sum(each.nbytes for each in self._kept.values()) - self._limit
            for old in list(self._kept)[:-1]:
                if excess > 0 and not self._pins[old]:
                    excess -= self._kept.pop(old).nbytes


def merged(weights: Weights, changes: Sequence[tuple[Delta, float]], models: Models) -> Weights:
    """`weights` and what deltas, each at its weight, make of them; of the base's own where `weights` has none.

    All changes of one parameter start from the same value and add up, in float32; the base is only read. They are computed
    on its device, one parameter after another, and lie in this machine's memory then.
    """
    result = {component: dict(named) for component, named in weights.items()}
    of_place: dict[tuple[str, str], list[tuple[Delta, float]]] = {}
    for delta, weight in changes:
        of_place.setdefault((delta.component, delta.parameter), []).append((delta, weight))
    for (component, path), own in of_place.items():
        base = models[component].get_parameter(path).data
        value = weights.get(component, {}).get(path, base).to(base.device)
        total = value.float() + _sum_of(weight * delta.change(value) for delta, weight in own)
        result.setdefault(component, {})[path] = hosted_as(base, total)
    return result


def _sum_of(tensors: Iterable[torch.Tensor]) -> torch.Tensor:
    return reduce(torch.add, tensors)

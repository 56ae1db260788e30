"""Whole models on a device that has memory of its own: copied there for the runs that wear them, and kept while there is room."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from plugins.sdxl.opened import Models, Weights
from plugins.sdxl.slots.garage import Garage
from plugins.sdxl.strides import empty_beside


@dataclass(eq=False)
class Lent:
    """One model's parameters on the device. `pins` counts the runs that wear them."""

    weights: Weights
    nbytes: int
    left: Callable[[], None]
    pins: int = 0

    def leave(self) -> None:
        """Its memory goes at once, whoever still knows it."""
        self.left()
        for tensor in _tensors(self.weights):
            tensor.untyped_storage().resize_(0)


class Lender:
    """Owned by the thread that steps. `copies`: the device can't compute with what lies in host memory."""

    def __init__(self, models: Models, garage: Garage, *, copies: bool) -> None:
        self.copies = copies
        self._models, self._garage, self._budget = models, garage, garage.budget
        self._lent: dict[str, Lent] = {}

    def pin(self, name: str, weights: Weights) -> Weights:
        """What stands for these on the device, there to stay until `unpin`. Raises EngineFullError."""
        if not (weights and self.copies):
            return weights
        with self._budget.lock:
            lent = self._lent.get(name) or self._copied(name, weights)
            lent.pins += 1
            self._budget.wake(lent)
        return lent.weights

    def unpin(self, name: str) -> None:
        with self._budget.lock:
            if lent := self._lent.get(name):
                lent.pins -= 1
                if not lent.pins:
                    self._budget.rest(lent)

    def _copied(self, name: str, weights: Weights) -> Lent:
        nbytes = sum(tensor.nbytes for tensor in _tensors(weights))
        self._garage.wait_for_room(nbytes)
        with self._budget.taking(nbytes):
            copies = {
                component: {path: self._copy(component, path, tensor) for path, tensor in named.items()}
                for component, named in weights.items()
            }
        lent = self._lent[name] = Lent(copies, nbytes, lambda: self._forget(name))
        return lent

    def _copy(self, component: str, path: str, tensor: torch.Tensor) -> torch.Tensor:
        own = self._models[component].get_parameter(path).data
        return empty_beside(own).copy_(tensor, non_blocking=True)

    def _forget(self, name: str) -> None:
        self._budget.give_back(self._lent.pop(name).nbytes)


def _tensors(weights: Weights) -> Iterator[torch.Tensor]:
    for named in weights.values():
        yield from named.values()

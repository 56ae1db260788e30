"""A second set of weights with one outfit's LoRAs multiplied in, for batches in which every run wears the same.

The base's own weights are only read: each weight of the second set is computed anew from them, and a block exchanges the
pointers. So nothing is subtracted, and the base is the same bytes after any number of merges.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import nn

from hub.plugin_api import EngineFullError
from plugins.sdxl.slots.budget import Budget
from plugins.sdxl.slots.parts import Seat
from plugins.sdxl.strides import empty_beside

if TYPE_CHECKING:
    from plugins.sdxl.adapters import Outfit
    from plugins.sdxl.opened import Weights

COMPONENT = "unet"  # The text encoders run once in a request: merging would cost more than it saves.


def worth_merging(keys: Sequence[tuple[object, ...]], steps: Sequence[int], from_steps: int) -> bool:
    """May a batch be computed with merged weights? Of each run, what it wears and how many steps its job has.

    Looks at the jobs alone and at no clock, so that a request that runs alone takes the same way, and gives the same
    bytes, every time. `from_steps` is the measured number of steps from which merging is cheaper; 0 is never.
    """
    return 0 < from_steps <= max(steps) and len(set(keys)) == 1


@dataclass(eq=False)
class Buffers:
    """The second set's memory, by module. It stays where it is until it is `gone` for good, as an arena."""

    left: Callable[[], None]
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    nbytes: int = 0
    gone: bool = False

    def leave(self) -> None:
        self.gone = True
        self.left()
        for tensor in self.tensors.values():
            tensor.untyped_storage().resize_(0)


class Merger:
    """Owned by the thread that steps. Holds one outfit at a time, until no run that was computed with it is left."""

    def __init__(self, models: Mapping[str, nn.Module], from_steps: int, budget: Budget) -> None:
        self._models, self._from_steps, self._budget = models, from_steps, budget
        self.buffers = Buffers(self._forget)
        self._users: list[Outfit] = []
        self._holds: tuple[object, ...] = ()
        self._on: Weights = {}
        self._weights: Weights = {}

    def weights(self, components: Sequence[str], outfits: Sequence["Outfit"]) -> "Weights":
        """What replaces the parameters of a batch with these outfits; nothing where its runs use slots."""
        first = outfits[0]
        if not self._from_steps or tuple(components) != (COMPONENT,) or not first.seats(COMPONENT):
            return {}
        keys = [outfit.key(components) for outfit in outfits]
        if not worth_merging(keys, [outfit.steps for outfit in outfits], self._from_steps):
            return {}
        with self._budget.lock:  # It shall not leave from here on, not even for its own sake.
            self._budget.use(self.buffers)
        # A model that was sent away and is back has other memory.
        if self._holds != keys[0] or (first.weights and self._on is not first.weights):
            # Two outfits that take turns would be merged again at every step.
            if self._users or not self._has_room(first):
                return {}
            self.merge(first)
            self._holds, self._on = keys[0], first.weights
        self._users += [outfit for outfit in outfits if not any(outfit is user for user in self._users)]
        return self._weights

    def leave(self, outfit: "Outfit") -> None:
        """The run with this outfit has ended."""
        self._users = [user for user in self._users if user is not outfit]

    def merge(self, outfit: "Outfit") -> None:
        """Compute the second set for this outfit anew."""
        self._holds = ()  # Until it is whole.
        changed: dict[str, torch.Tensor] = {}
        for seat in outfit.seats(COMPONENT):
            self._add(seat, outfit.weights.get(COMPONENT, {}), changed)
        replaced = {f"{module}.weight": weight for module, weight in changed.items()}
        self._weights = {**outfit.weights, COMPONENT: {**outfit.weights.get(COMPONENT, {}), **replaced}}

    def _add(self, seat: Seat, replaced: Mapping[str, torch.Tensor], changed: dict[str, torch.Tensor]) -> None:
        """One adapter, onto the weights that others changed before, or else the model's or the base's."""
        bank, slot = seat.bank, seat.slot
        bank.wait_for([slot])
        views, targets = bank.layout.views(bank.row(slot)[None]), bank.targets(slot)
        ratios: list[float] = bank.ratios(slot).tolist()
        for module, place in bank.layout.places.items():
            if targets >> place.index & 1:
                down, up = views[place.index]
                own = replaced.get(f"{module}.weight")
                start = changed.get(module, own if own is not None else self._own(module))
                changed[module] = self.buffers.tensors[module]
                torch.addmm(
                    start.flatten(1),
                    up[0],
                    down[0].flatten(1),
                    alpha=seat.weight * ratios[place.index],
                    out=changed[module].view(len(start), -1),
                )

    def _own(self, module: str) -> torch.Tensor:
        return self._models[COMPONENT].get_parameter(f"{module}.weight").data

    def _has_room(self, outfit: "Outfit") -> bool:
        """For what this outfit changes and none before did."""
        lacking = {module: self._own(module) for module in _changed(outfit) if module not in self.buffers.tensors}
        nbytes = sum(own.nbytes for own in lacking.values())
        try:
            with self._budget.taking(nbytes):
                self.buffers.tensors |= {module: empty_beside(own) for module, own in lacking.items()}
        except EngineFullError:
            return False
        self.buffers.nbytes += nbytes
        return True

    def _forget(self) -> None:
        self._budget.give_back(self.buffers.nbytes)
        self._holds, self._users, self._weights = (), [], {}
        self.buffers = Buffers(self._forget)


def _changed(outfit: "Outfit") -> set[str]:
    """Modules."""
    return {
        module
        for seat in outfit.seats(COMPONENT)
        for module, place in seat.bank.layout.places.items()
        if seat.bank.targets(seat.slot) >> place.index & 1
    }

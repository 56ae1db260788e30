"""Layers of a compiled model, which find what they read in attributes of their own.

A hook differs from layer to layer, so each block of a model would be a graph of its own. These layers don't, so all blocks of a
kind are one graph, and what they wear is tensors in it. Beside its weight each such Linear has room for its batch's `up` matrices,
so that one multiplication gives both sums:

    [x, scale * (down @ x)] @ [weight, up].T
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from plugins.sdxl.slots.arena import ATTENTION, Arena, Reading
from plugins.sdxl.slots.fixed import Factors, narrowed, with_adapters
from plugins.sdxl.slots.tails import MOST_COLUMNS, Tails


class Reads(NamedTuple):
    """`wide` is [out, in + runs * rank], the weight with `up` beside it, or None where that has no room."""

    factors: Factors
    wide: torch.Tensor | None


class LeanLinear(nn.Linear):
    """While it is `lean` no hook of it is called."""

    lean = False
    reads: Reads | None = None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if not self.lean:
            output: torch.Tensor = super().__call__(x)
            return output
        if self.reads is None:
            return self.forward(x)
        factors, wide = self.reads
        if wide is None:
            return with_adapters(self, factors, x, self.forward(x))
        return functional.linear(torch.cat([x, _columns(factors, x)], -1), wide, self.bias)


class LeanConv2d(nn.Conv2d):
    """While it is `lean` no hook of it is called."""

    lean = False

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.forward(x) if self.lean else super().__call__(x)
        return output


LEAN: Mapping[type[nn.Module], type[nn.Module]] = {nn.Linear: LeanLinear, nn.Conv2d: LeanConv2d}


class LeanLayers:
    """Turns a model's adaptable layers into such; `modules` are their paths with their index in an arena.

    Owned by the thread that steps.
    """

    def __init__(self, model: nn.Module, modules: Mapping[str, int]) -> None:
        found = {path: model.get_submodule(path) for path in modules}
        for module in found.values():
            module.__class__ = LEAN.get(type(module), type(module))
        lean = {path: module for path, module in found.items() if isinstance(module, tuple(LEAN.values()))}
        self._elsewhere = [module for path, module in lean.items() if ATTENTION not in path]
        inside = {path: module for path, module in lean.items() if ATTENTION in path}
        self._inside = list(inside.values())
        self._linear = {path: module for path, module in inside.items() if isinstance(module, LeanLinear)}
        self._indices = modules
        self.tails = Tails(self._linear)
        self._state: object = None

    def read(self, reading: Reading | None, *, own: bool) -> None:
        """From now on these layers compute a batch that wears this. `own`: the weights are the base's, not another model's."""
        arena, everywhere = reading or (None, False)
        wide = own and arena is not None and arena.runs * arena.layout.rank <= MOST_COLUMNS
        if arena is not None and wide:
            self.tails.fill(arena)
        if self._state == (arena, everywhere, wide):
            return
        self._state = (arena, everywhere, wide)
        _set(self._inside, lean=True)
        _set(self._elsewhere, lean=not everywhere)
        for path, module in self._linear.items():
            module.reads = self._reads(path, arena, wide=wide) if arena is not None else None

    def leave(self) -> None:
        """From now on hooks are called again."""
        if self._state is not None:
            self._state = None
            _set([*self._inside, *self._elsewhere], lean=False)

    def _reads(self, path: str, arena: Arena, *, wide: bool) -> Reads:
        columns = arena.runs * arena.layout.rank
        return Reads(arena.factors(self._indices[path]), self.tails.wide(path, columns) if wide else None)


def _set(modules: Iterable[nn.Module], *, lean: bool) -> None:
    for module in modules:
        module.__dict__["lean"] = lean  # As setattr does for what is no parameter, but hundreds at once.


def _columns(factors: Factors, x: torch.Tensor) -> torch.Tensor:
    """[rows, ..., runs * rank]: each run's narrow sums in columns of its own, zeros in the others'."""
    narrow = narrowed(factors, x)
    runs = len(narrow)
    if runs > 1:
        own = torch.eye(runs, dtype=x.dtype, device=x.device)
        narrow = (narrow[:, :, None] * own[:, None, :, None]).flatten(2)
    return narrow.reshape(*x.shape[:-1], narrow.shape[-1])

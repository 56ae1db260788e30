"""Applies adapters to the base for the length of a `with` block.

A LoRA acts through forward hooks and a fine-tune by exchanging pointers, so the base's own weights are never written
to: leaving the block restores them exactly, in every precision and whatever happened inside.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from serving.adapters.api import AdapterPack, LowRank

Models = Mapping[str, nn.Module]
Hook = Callable[[nn.Module, tuple[torch.Tensor, ...], torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Applied:
    """A pack on the base's device and in its precision, with the weight its buyer chose."""

    pack: AdapterPack
    weight: float


def to_device(pack: AdapterPack, weight: float, models: Models) -> Applied:
    """A pack's tensors as the base computes: where they match already, the mapped file is used without a copy."""
    low_rank = tuple(_moved(part, models[part.component]) for part in pack.low_rank)
    weights = {
        component: {name: _like(tensor, models[component]) for name, tensor in tensors.items()}
        for component, tensors in pack.weights.items()
    }
    return Applied(AdapterPack(pack.kind, pack.layout_digest, low_rank, weights), weight)


@contextmanager
def applied(adapters: Sequence[Applied], models: Models) -> Iterator[None]:
    """Generate with these adapters inside the block; several low-rank ones add up."""
    with ExitStack() as undo:
        for adapter in adapters:
            for component, tensors in adapter.pack.weights.items():
                _exchange(models[component], tensors, undo)
            for part in adapter.pack.low_rank:
                module = models[part.component].get_submodule(part.module)
                undo.callback(module.register_forward_hook(_hook(part, adapter.weight)).remove)
        yield


def _exchange(model: nn.Module, tensors: Mapping[str, torch.Tensor], undo: ExitStack) -> None:
    for name, tensor in tensors.items():
        parameter = model.get_parameter(name)
        undo.callback(setattr, parameter, "data", parameter.data)
        parameter.data = tensor


def _hook(part: LowRank, weight: float) -> Hook:
    scale = weight * part.alpha / part.rank

    def add(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
        return output + _low_rank_output(module, part, inputs[0]) * scale

    return add


def _low_rank_output(module: nn.Module, part: LowRank, x: torch.Tensor) -> torch.Tensor:
    if isinstance(module, nn.Conv2d):
        narrow = functional.conv2d(x, part.down, None, module.stride, module.padding, module.dilation)
        return functional.conv2d(narrow, part.up)
    return functional.linear(functional.linear(x, part.down), part.up)


def _moved(part: LowRank, model: nn.Module) -> LowRank:
    return LowRank(part.component, part.module, _like(part.down, model), _like(part.up, model), part.alpha)


def _like(tensor: torch.Tensor, model: nn.Module) -> torch.Tensor:
    own = next(model.parameters())
    return tensor.to(own.device, own.dtype)

"""What layers add when a compiled forward reads its adapters from fixed memory: the slots' sum, with nothing in it that
varies from one adapter to the next but numbers in tensors.

As in `layers`, a layer's output gains `scale * up @ (down @ x)`; a run without an adapter has scales of zero instead of
being left out, since leaving it out would be another graph.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional


class Factors(NamedTuple):
    """One layer's. down: [runs, rank, in, ...], up: [runs, out, rank], scale: [runs, rank]."""

    down: torch.Tensor
    up: torch.Tensor
    scale: torch.Tensor


def with_adapters(module: nn.Module, factors: Factors, x: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """`output` and what each run's adapters make of `x`. Every run has as many rows of the batch as every other."""
    if isinstance(module, nn.Conv2d):
        return output + _convolved(module, factors, x).view_as(output)
    narrow = narrowed(factors, x)
    own = output.reshape(len(narrow), -1, output.shape[-1])
    return torch.baddbmm(own, narrow, factors.up.mT).view_as(output)


def narrowed(factors: Factors, x: torch.Tensor) -> torch.Tensor:
    """scale * (down @ x) of a Linear: [runs, values of a run, rank]."""
    narrow = torch.bmm(x.reshape(len(factors.down), -1, x.shape[-1]), factors.down.mT)
    return (narrow * factors.scale[:, None]).to(x.dtype)


def _convolved(module: nn.Conv2d, factors: Factors, x: torch.Tensor) -> torch.Tensor:
    """[runs, rows, out, height * width]."""
    down, up, scale = factors
    runs, rank, channels = down.shape[:3]
    rows = len(x) // runs
    # The runs' channels side by side, one group each; their rows (with and without the prompt) make the batch.
    beside = x.reshape(runs, rows, *x.shape[1:]).transpose(0, 1).reshape(rows, runs * channels, *x.shape[2:])
    weight = down.reshape(runs * rank, *down.shape[2:])
    narrow = functional.conv2d(beside, weight, None, module.stride, module.padding, module.dilation, groups=runs)
    narrow = (narrow.reshape(rows, runs, rank, -1) * scale[:, :, None]).to(x.dtype)
    return torch.matmul(up[:, None], narrow.transpose(0, 1))

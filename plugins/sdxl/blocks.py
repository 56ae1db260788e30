"""A UNet's blocks compiled one kind at a time: seventy transformer blocks of two widths are two graphs, ready in seconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any

import torch
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.resnet import ResnetBlock2D
from torch import nn

# For each kind. Each adds to what is looked through at every call; a shape beyond them is computed as it is.
MOST_GRAPHS = 256
Backend = str | Callable[..., Any]


class Blocks:
    """`unet`'s transformer and residual blocks."""

    def __init__(self, unet: nn.Module, backend: Backend) -> None:
        self._blocks = {
            kind: ([each for each in unet.modules() if type(each) is kind], _compiled(kind, backend))
            for kind in (BasicTransformerBlock, ResnetBlock2D)
        }

    @contextmanager
    def used(self, *, residual: bool) -> Iterator[None]:
        """Inside the block they run compiled, the residual ones only if asked for: where an adapter has hooks in them, not."""
        kinds = [BasicTransformerBlock, ResnetBlock2D] if residual else [BasicTransformerBlock]
        try:
            for kind in kinds:
                blocks, compiled = self._blocks[kind]
                for block in blocks:
                    block.__dict__["forward"] = MethodType(compiled, block)
            yield
        finally:
            for blocks, _ in self._blocks.values():
                for block in blocks:
                    block.__dict__.pop("forward", None)


def _compiled(kind: type[nn.Module], backend: Backend) -> Callable[..., Any]:
    made: Callable[..., Any] = torch.compile(  # type: ignore[call-overload] # its overloads lack what its signature has
        kind.forward,
        fullgraph=True,
        dynamic=False,
        backend=backend,
        recompile_limit=MOST_GRAPHS,
        isolate_recompiles=True,
    )
    return made

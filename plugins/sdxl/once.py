"""Keeps what a UNet's layers make of a batch's prompts alone: it is the same at every step, so the first one computes it.

These are the keys and values of cross-attention, of the small base about a twentieth of a forward, and more of what its
adapters add to one. On a GPU they are a hundredth of it and would fill 28 MB for each of SDXL's rows, so there every step
computes its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from diffusers.models.attention_processor import Attention
from torch import nn

Kept = dict[nn.Module, torch.Tensor]
"""Of one batch: what a layer gave, with all adapters."""


class TextLayers:
    """Of one UNet. Owned by the thread that steps."""

    def __init__(self, unet: nn.Module) -> None:
        on_cpu = next(unet.parameters()).device.type == "cpu"
        self._layers = [
            (attention, name, _Once(attention.get_submodule(name)))
            for attention in unet.modules()
            if on_cpu and isinstance(attention, Attention) and attention.is_cross_attention
            for name in ("to_k", "to_v")
        ]

    @contextmanager
    def keeping(self, kept: Kept) -> Iterator[None]:
        """Inside the block the UNet computes the batch that `kept` belongs to."""
        try:
            for attention, name, once in self._layers:
                once.kept = kept
                setattr(attention, name, once)
            yield
        finally:
            for attention, name, once in self._layers:
                setattr(attention, name, once.own)


class _Once(nn.Module):
    """In the place of its own layer, hooks included, which it asks once for each batch."""

    def __init__(self, own: nn.Module) -> None:
        super().__init__()
        self.own = own
        self.kept: Kept = {}

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        if self.own not in self.kept:
            self.kept[self.own] = self.own(text)
        return self.kept[self.own]

"""Lets a model's layers add the adapters of the batch at hand to what they compute; their own weights stay untouched.

With x the input of one run, its layer's output gains `scale * up @ (down @ x)`. Linear: two batched multiplications for all
runs of a part. Conv2d: a convolution with one group for each run, then a batched multiplication, since `up` is 1x1.
Rows without an adapter are not read or written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional

from plugins.sdxl.slots.arena import ATTENTION, Reading
from plugins.sdxl.slots.fixed import with_adapters
from plugins.sdxl.slots.lean import LeanLayers
from plugins.sdxl.slots.parts import Part
from plugins.sdxl.slots.threads import as_many_as_pay

Hook = Callable[[nn.Module, tuple[torch.Tensor, ...], torch.Tensor], torch.Tensor | None]


class SlotLayers:
    """`modules` are the paths that can be adapted with their index in the slots' rows. Owned by one thread."""

    def __init__(self, model: nn.Module, modules: Mapping[str, int]) -> None:
        self._parts: Sequence[Part] = ()
        self._reading: Reading | None = None
        self._lean: LeanLayers | None = None
        self._model, self._modules = model, modules
        for path, index in modules.items():
            module = model.get_submodule(path)
            module.register_forward_hook(self._hook(index, always=ATTENTION in path))

    def slim(self) -> LeanLayers:
        """For a model that is compiled: its layers can do without hooks from now on, while they read fixed memory."""
        self._lean = LeanLayers(self._model, self._modules)
        return self._lean

    @contextmanager
    def using(self, parts: Sequence[Part]) -> Iterator[Reading | None]:
        """Inside the block the model's batch is the one that these parts were made for."""
        self._parts = parts
        if self._lean:
            self._lean.leave()
        try:
            yield None
        finally:
            self._parts = ()

    @contextmanager
    def reading(self, reading: Reading | None, *, own: bool = True) -> Iterator[Reading | None]:
        """Inside the block the model's batch reads its adapters from fixed memory; None: nobody wears any.

        `own`: on the base's weights, not on another model's.
        """
        self._reading = reading
        if self._lean:
            self._lean.read(reading, own=own)
        try:
            yield reading
        finally:
            self._reading = None

    def _hook(self, index: int, *, always: bool) -> Hook:
        bit = 1 << index

        def add(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor | None:
            reading = self._reading
            if reading is not None:
                if always or reading.everywhere:
                    return with_adapters(module, reading.arena.factors(index), inputs[0], output)
                return None
            for part in self._parts:
                if part.targets & bit:
                    _add(module, part, index, _of(part, inputs[0]), _of(part, output))
            return None

        return add


def _of(part: Part, batch: torch.Tensor) -> torch.Tensor:
    """The part's rows, without the cost of a view where that is all of them."""
    return batch if part.rows.stop - part.rows.start == len(batch) else batch[part.rows]


def _add(module: nn.Module, part: Part, index: int, x: torch.Tensor, output: torch.Tensor) -> None:
    """Add to `output`, the rows of this part, what their adapters make of `x`."""
    down, up = part.stack.matrices(index)
    scale = part.scale(index)
    if isinstance(module, nn.Conv2d):
        _add_convolution(module, (down, up, scale), x, output)
    else:
        multiplications = max(x.numel(), output.numel()) * down.shape[-1]
        with as_many_as_pay(multiplications, x.device):
            narrow = torch.bmm(x.reshape(part.runs, -1, x.shape[-1]), down).mul_(scale)
            output.view(part.runs, -1, output.shape[-1]).baddbmm_(narrow, up)


def _add_convolution(
    module: nn.Conv2d,
    factors: tuple[torch.Tensor, torch.Tensor, float | torch.Tensor],
    x: torch.Tensor,
    output: torch.Tensor,
) -> None:
    down, up, scale = factors
    runs, rank, channels = down.shape[:3]
    rows = len(x) // runs
    # The runs' channels side by side, one group each; their rows (with and without the prompt) make the batch.
    beside = x.view(runs, rows, *x.shape[1:]).transpose(0, 1).reshape(rows, runs * channels, *x.shape[2:])
    weight = down.reshape(runs * rank, *down.shape[2:])
    narrow = functional.conv2d(beside, weight, None, module.stride, module.padding, module.dilation, groups=runs)
    narrow = narrow.view(rows, runs, rank, -1).transpose(0, 1).contiguous()
    narrow.view(runs, rows * rank, -1).mul_(scale)
    ups = up[:, None].expand(-1, rows, -1, -1).flatten(0, 1)
    output.view(len(x), output.shape[1], -1).baddbmm_(ups, narrow.flatten(0, 1))

"""Lets a batch compute its embeddings of time and size as each of its runs alone would, to the last bit.

They are the only multiplications of a forward with one row per sample. For so few rows the CPU's libraries choose another
kernel, and another order of additions, for two rows than for eight; all larger ones treat every row alike. They are a
thousandth of the work, so doing them once more in each run's own rows costs next to nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import nn
from torch.nn import functional

EMBEDDINGS = ("time_embedding", "add_embedding")
PROJECTION = "time_emb_proj"


@contextmanager
def run_by_run(unet: nn.Module, rows: Sequence[int]) -> Iterator[None]:
    """Inside the block `unet` computes a batch whose runs have so many rows, in this order."""
    with ExitStack() as undo:
        if len(rows) > 1 and next(unet.parameters()).device.type == "cpu":
            for module in _embedding_layers(unet):
                # Before the slots' hooks, which add to what stands here.
                handle = module.register_forward_hook(_again(rows), prepend=True)
                undo.callback(handle.remove)
        yield


def _embedding_layers(unet: nn.Module) -> Iterator[nn.Linear]:
    for name, module in unet.named_modules():
        if isinstance(module, nn.Linear) and (name.startswith(EMBEDDINGS) or name.endswith(PROJECTION)):
            yield module


def _again(rows: Sequence[int]) -> Callable[[nn.Linear, tuple[torch.Tensor, ...], torch.Tensor], torch.Tensor]:
    def compute(module: nn.Linear, inputs: tuple[torch.Tensor, ...], _output: torch.Tensor) -> torch.Tensor:
        return torch.cat(
            [functional.linear(own, module.weight, module.bias) for own in torch.split(inputs[0], list(rows))]
        )

    return compute

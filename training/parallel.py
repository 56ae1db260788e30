"""Several processes that train as one: `torchrun --nproc-per-node 2 -m training.run base`.

On a processor with few cores, one process of one thread for each core does more in the same time than one process of
several threads: the tensors are small, and threads spend their time waiting for each other. Without torchrun nothing here
does anything.
"""

import os

import torch
from torch import distributed, nn


def join() -> None:
    """Meet the other processes that torchrun has started, if it has."""
    if "WORLD_SIZE" in os.environ and not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")


def is_first() -> bool:
    """Only the first process writes files."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def seed(step_seed: int) -> int:
    """A seed for this process's batch: its own, and the step's own."""
    if not distributed.is_initialized():
        return step_seed
    return step_seed * distributed.get_world_size() + distributed.get_rank()


@torch.no_grad()
def average_gradients(parameters: list[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes: one message, since many small ones cost more."""
    if not distributed.is_initialized():
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    together = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(together)
    together /= distributed.get_world_size()
    for gradient, mean in zip(gradients, together.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))

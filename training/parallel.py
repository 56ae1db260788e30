"""Several processes that train as one: `torchrun --nproc-per-node 2 -m training.run base`.

On a processor with few cores, one process of one thread for each core does more in the same time than one process of
several threads: the tensors are small, and threads spend their time waiting for each other. Without torchrun nothing here
does anything.
"""

import atexit
import os
from collections.abc import Sequence
from itertools import zip_longest
from typing import TypeVar

import torch

# Its functions' defaults keep whatever group there is when it is first imported, and with it the group's threads: so
# before there is one.
import torch.distributed.nn
from torch import distributed, nn

T = TypeVar("T")


def join() -> None:
    """Meet the other processes that torchrun has started, if it has."""
    if "WORLD_SIZE" in os.environ and not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        # A thread of the group's that lets go of its last tensor while the interpreter ends aborts the process.
        atexit.register(distributed.destroy_process_group)


def is_first() -> bool:
    """Only the first process writes files."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def processes() -> int:
    return distributed.get_world_size() if distributed.is_initialized() else 1


def meet() -> None:
    """Wait until every process is here, so that all find the files that the first one wrote."""
    if distributed.is_initialized():
        distributed.barrier()


def agreed(decision: bool) -> bool:
    """The first process's decision, where clocks could make processes decide differently."""
    if not distributed.is_initialized():
        return decision
    told = [decision]
    distributed.broadcast_object_list(told)
    return told[0]


def own_share(work: Sequence[T]) -> Sequence[T]:
    """What this process does of work that all do together; `gathered` puts the results back in order."""
    return work[distributed.get_rank() :: processes()] if distributed.is_initialized() else work


def gathered(results: list[T]) -> list[T]:
    """Every process's results of its own share, in the order of the whole work."""
    if not distributed.is_initialized():
        return results
    shares: list[list[T]] = [[] for _ in range(processes())]
    distributed.all_gather_object(shares, results)
    whole = [result for together in zip_longest(*shares) for result in together]
    return whole[: sum(len(share) for share in shares)]


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

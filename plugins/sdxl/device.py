"""Which of several cards is torch's current one: whatever names none goes there, as recordings, kernels of Triton's and pinned
memory do. Each thread has a current one of its own."""

from contextlib import AbstractContextManager, nullcontext

import torch


def stay_on(device: str) -> None:
    """From now on, for the thread that calls."""
    wanted = torch.device(device)
    if wanted.type == "cuda" and wanted.index is not None:
        torch.cuda.set_device(wanted)


def current(device: torch.device) -> AbstractContextManager[object]:
    """Inside the block, for the thread that enters it."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()

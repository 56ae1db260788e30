"""How many threads compute a product on the CPU."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Workers are started so: on a small machine, threads that wait by spinning take the time of those that compute.
SLEEP_BETWEEN = os.environ.get("OMP_WAIT_POLICY", "").upper() == "PASSIVE"
SMALL = 4_000_000
"""Multiplications that one thread does in about the time it takes to wake a second one that sleeps (decision 34)."""


@contextmanager
def as_many_as_pay(multiplications: int, device: torch.device) -> Iterator[None]:
    """Inside the block this thread computes alone where that is quicker. Depends on the size alone: the same bytes every time.

    A thread that meets torch for the first time just then would compute alone ever after; the one that steps is the only
    one here that computes.
    """
    threads = torch.get_num_threads()
    if not SLEEP_BETWEEN or multiplications >= SMALL or device.type != "cpu" or threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

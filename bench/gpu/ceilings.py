"""What this very card can do, measured in the same run: the floors beside every figure are made of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.gpu.size import Size
from bench.timing import seconds


@dataclass(frozen=True)
class Ceilings:
    """Bytes per second within the device (read and written counted) and from pinned host memory; FLOP per second."""

    copy: float
    bus: float
    matmul: float

    @property
    def words(self) -> str:
        return (
            f"copy {self.copy / 1e9:.0f} GB/s, host to device {self.bus / 1e9:.1f} GB/s, "
            f"matmul {self.matmul / 1e12:.3g} TFLOP/s"
        )


def measured(size: Size) -> Ceilings:
    source = torch.zeros(size.probe, dtype=torch.uint8, device=size.device)
    target = torch.zeros_like(source)
    host = torch.zeros(size.probe, dtype=torch.uint8, pin_memory=size.device == "cuda")
    left, right = (torch.randn(size.matmul, size.matmul, dtype=size.dtype, device=size.device) for _ in range(2))
    product = torch.empty_like(left)
    return Ceilings(
        copy=2 * size.probe / _best(lambda: target.copy_(source), size),
        bus=size.probe / _best(lambda: target.copy_(host, non_blocking=True), size),
        matmul=2 * size.matmul**3 / _best(lambda: torch.mm(left, right, out=product), size),
    )


def synced(work: Callable[[], Any]) -> Callable[[], None]:
    """Work that is not over before the device has done it."""

    def whole() -> None:
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return whole


def flops(work: Callable[[], Any]) -> int:
    """Multiplications and additions of uncompiled work, each counted."""
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def _best(work: Callable[[], Any], size: Size) -> float:
    """A ceiling is what it does at best."""
    return min(seconds(synced(work)) for _ in range(size.turns + 2))

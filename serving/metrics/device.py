"""What a device says of itself: its memory, and on NVIDIA's the energy that it used."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger(__name__)

MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class Memory:
    """In bytes; `free` is what a program could still get."""

    free: int
    total: int


def memory_bytes(device: str) -> Memory | None:
    """Of an accelerator by its name in torch, or of the machine for "cpu"; None where nobody says."""
    if device.startswith("cuda"):
        import torch  # Only where a base was loaded by it: a worker of another library has none.

        return Memory(*torch.cuda.mem_get_info(torch.device(device)))
    if device != "cpu" or not MEMINFO.exists():
        return None
    kilobytes = dict(line.split()[:2] for line in MEMINFO.read_text().splitlines())
    return Memory(int(kilobytes["MemAvailable:"]) * 1024, int(kilobytes["MemTotal:"]) * 1024)


def energy_joules(device: str) -> float | None:
    """Since the driver was loaded, of everything that ran there; None where the device does not tell."""
    if not device.startswith("cuda") or (handle := _nvml_handle(device)) is None:
        return None
    import pynvml

    millijoules: int = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    return millijoules / 1000


@cache
def _nvml_handle(device: str) -> Any:
    """Found by the device's own id: torch and NVML count devices differently where some are hidden.

    None for a device that measures no energy, such as those before Volta and slices of a shared one.
    """
    import pynvml
    import torch

    try:
        pynvml.nvmlInit()
        identity = torch.cuda.get_device_properties(torch.device(device)).uuid
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{identity}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError as error:
        log.info("metrics.no_energy", device=device, reason=str(error))
        return None
    return handle

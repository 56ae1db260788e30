"""Tells from an error what it says about the device: too full, gone, or nothing.

torch is looked up rather than imported: where no engine imported it, none raised its errors.
"""

import sys
from enum import Enum, auto
from typing import Any

NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
# CUDA's numbers of errors that one call answers while the device goes on, such as 1 (invalid value), 701 (out of resources),
# 801 (not supported), 900 to 908 (recordings). Any other, known or not, is taken as the end of the device.
REFUSALS = frozenset(
    (1, 9, 98, 200, 209, 218, 221, 222, 223, 224, 400, 401, 500, 701, 720, 800, 801, *range(900, 909), 910, 912)
)


class Trouble(Enum):
    OUT_OF_MEMORY = auto()
    DEVICE_LOST = auto()
    OTHER = auto()


def trouble(error: BaseException) -> Trouble:
    """On the CPU torch says only in words that memory ran out, and so do the libraries beneath it on a GPU."""
    torch: Any = sys.modules.get("torch")
    if isinstance(error, MemoryError) or (torch and isinstance(error, torch.OutOfMemoryError)):
        return Trouble.OUT_OF_MEMORY
    if isinstance(error, RuntimeError) and any(words in str(error) for words in NO_MEMORY):
        return Trouble.OUT_OF_MEMORY
    if torch and isinstance(error, torch.AcceleratorError) and not _refused(error):
        return Trouble.DEVICE_LOST
    return Trouble.OTHER


def _refused(error: BaseException) -> bool:
    """Did the device only refuse this call? torch tells the number, which ROCm shares."""
    return getattr(error, "error_code", None) in REFUSALS

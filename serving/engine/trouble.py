"""Tells from an engine's error what it says about the device: too full, gone, or nothing.

torch is looked up rather than imported: where no engine imported it, none raised its errors.
"""

import gc
import os
import sys
from enum import Enum, auto
from typing import Any

import structlog

log = structlog.get_logger(__name__)

EXIT_DEVICE_LOST = 75
"""EX_TEMPFAIL of sysexits.h: whoever supervises the worker starts it again."""
NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


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
    if torch and isinstance(error, torch.AcceleratorError):
        return Trouble.DEVICE_LOST
    return Trouble.OTHER


def free_memory() -> None:
    """What nobody refers to any more, and what torch keeps to hand out again."""
    gc.collect()
    torch: Any = sys.modules.get("torch")
    if torch and torch.cuda.is_available():
        torch.cuda.empty_cache()


def exit_at_once() -> None:
    """A process whose device is gone can't use it again, nor end in order: what it asks of the driver may hang.

    Its unanswered messages go back to the queue.
    """
    log.critical("engine.exit", status=EXIT_DEVICE_LOST)
    os._exit(EXIT_DEVICE_LOST)

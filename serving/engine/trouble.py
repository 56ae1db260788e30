"""What a worker does when its device is too full or gone."""

import gc
import os
import sys
from typing import Any

import structlog

log = structlog.get_logger(__name__)

EXIT_DEVICE_LOST = 75
"""EX_TEMPFAIL of sysexits.h: whoever supervises the worker starts it again."""


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

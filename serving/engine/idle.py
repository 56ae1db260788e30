"""What a worker gives back while nobody asks it for anything."""

import ctypes

IDLE_SECONDS = 2.0
"""So long nothing came, so it is not only between two requests."""


def give_pages_back() -> None:
    """Memory that was freed and lies between what is used: the C library keeps it, and a worker comes to hold more of it.

    Milliseconds. Only glibc has a function for this; elsewhere nothing happens.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)

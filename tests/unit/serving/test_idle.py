"""Memory that was freed between what is used goes back to the system once nothing comes."""

import ctypes
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from plugins.echo.engine import EchoEngine
from plugins.echo.plugin import EchoConfig
from serving.engine import loop as loop_module
from serving.engine.loop import EngineLoop
from serving.engine.ticket import Ticket
from tests.serving_jobs import job

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another C library gives back by itself or not"
)
BLOCK, BLOCKS = 64 * 1024, 2000
MB = 1e6


@contextmanager
def holes() -> Iterator[None]:
    """Some 120 MB that were used and freed, between blocks that are in use."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_size_t],
        [ctypes.c_void_p],
    )
    blocks = [libc.malloc(BLOCK) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK)
    kept = blocks[::10]
    for number, block in enumerate(blocks):
        if number % 10:
            libc.free(block)
    yield
    for block in kept:
        libc.free(block)


def resident() -> float:
    return float(psutil.Process().memory_info().rss / MB)


def gave_back(enough: float, before: float, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if before - resident() > enough:
            return True
        time.sleep(0.05)
    return False


def test_a_worker_that_nothing_comes_to_gives_back_what_it_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "IDLE_SECONDS", 0.5)
    loop = EngineLoop({"echo": EchoEngine(EchoConfig())}, "cpu", 60)
    loop.start()
    try:
        with holes():
            before = resident()
            loop.submit(Ticket(job(engine="echo", steps=1), ())).result(10)
            assert gave_back(80, before, within_s=10)
            assert loop.submit(Ticket(job(engine="echo", steps=1), ())).result(10).content
    finally:
        loop.stop()

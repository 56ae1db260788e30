"""Loads of slots beside the forwards: on CUDA by a stream of their own, on the CPU by the thread that brings them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch


class Copies:
    """`into` may be used by any thread, `wait_for` by the one that computes."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call] # torch has no types for it
        self._under_way: dict[int, torch.cuda.Event] = {}

    @contextmanager
    def into(self, slot: int) -> Iterator[None]:
        """Inside the block copies go to this slot, which no run has any more."""
        if self._stream is None:
            yield
            return
        # What its former runs have left in the queue of the device may still read the slot.
        self._stream.wait_stream(torch.cuda.default_stream(self._device))
        with torch.cuda.stream(self._stream):
            yield
        self._under_way[slot] = self._stream.record_event()

    def wait_for(self, slots: Iterable[int]) -> None:
        """What is computed from now on finds these slots loaded. Only the device waits, not the thread."""
        if not self._under_way:
            return
        for slot in slots:
            if event := self._under_way.pop(slot, None):
                torch.cuda.current_stream(self._device).wait_event(event)

"""Room beside each weight for the `up` matrices of a batch, so that one multiplication serves base and adapters.

Only the room is written, never the weight, which is a view of the same memory: its bytes are the base's at all times.
"""

from collections.abc import Callable, Mapping

import torch
from torch import nn

from plugins.sdxl.slots.arena import Arena

MOST_COLUMNS = 128
"""Of all runs together: eight of rank 16, or one of rank 128. A tenth of what the weights themselves take."""


class Tails:
    """`layers` are Linears by path; their weights move to memory with room beside each row."""

    def __init__(self, layers: Mapping[str, nn.Linear]) -> None:
        self._memory = {path: _with_room(layer) for path, layer in layers.items()}
        self._holds: tuple[Arena, int] | None = None
        self._fills: dict[Arena, Callable[[], None]] = {}

    def wide(self, path: str, columns: int) -> torch.Tensor:
        """[out, in + columns] of the weight's memory."""
        memory = self._memory[path]
        return memory[:, : memory.shape[1] - MOST_COLUMNS + columns]

    def nbytes_for(self, arena: Arena) -> int:
        """Of the `up` matrices that `fill` writes."""
        columns = arena.runs * arena.layout.rank
        return sum(len(memory) * columns * memory.element_size() for memory in self._memory.values())

    def fill(self, arena: Arena) -> None:
        """Write the arena's `up` matrices beside the weights, unless they lie there already."""
        if self._holds != (arena, arena.version):
            self._holds = None  # Until it is whole.
            if arena not in self._fills:
                self._fills = {known: fill for known, fill in self._fills.items() if not known.gone}
                self._fills[arena] = self._way_to_fill(arena)
            self._fills[arena]()
            self._holds = (arena, arena.version)

    def _way_to_fill(self, arena: Arena) -> Callable[[], None]:
        room = {path: memory[:, -MOST_COLUMNS:] for path, memory in self._memory.items()}
        if arena.rows.is_cuda:
            from plugins.sdxl.slots.tail_kernel import Filling  # Triton comes with torch for CUDA alone.

            return Filling(arena, room)
        return _by_copies(arena, room)


def _with_room(layer: nn.Linear) -> torch.Tensor:
    out, into = layer.weight.shape
    memory = layer.weight.new_zeros(out, into + MOST_COLUMNS)
    memory[:, :into] = layer.weight.data
    layer.weight.data = memory[:, :into]
    return memory


def _by_copies(arena: Arena, room: Mapping[str, torch.Tensor]) -> Callable[[], None]:
    runs, rank = arena.runs, arena.layout.rank
    pairs = [
        (
            own[:, : runs * rank].view(len(own), runs, rank),
            arena.factors(arena.layout.places[path].index).up.transpose(0, 1),
        )
        for path, own in room.items()
    ]

    def fill() -> None:
        for own, up in pairs:
            own.copy_(up)

    return fill

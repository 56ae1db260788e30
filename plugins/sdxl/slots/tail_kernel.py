"""All `up` matrices of an arena to their places beside the weights by one kernel: hundreds of copies would cost a step's time."""

from collections.abc import Mapping

import torch
import triton
from triton import language as tl

from plugins.sdxl.slots.arena import Arena

LINES = 64  # Of a matrix, copied by one program.


@triton.jit
def _copy(rows, table, width, RANK: tl.constexpr, LINES: tl.constexpr):  # type: ignore[no-untyped-def] # noqa: N803 - Triton reads it
    """`table` has for each program where its lines begin in a row, and their address, stride and number beside the weight."""
    entry, run = table + 4 * tl.program_id(0), tl.program_id(1)
    source, address, stride, lines = tl.load(entry), tl.load(entry + 1), tl.load(entry + 2), tl.load(entry + 3)
    line, column = tl.arange(0, LINES)[:, None], tl.arange(0, RANK)[None]
    values = tl.load(rows + run.to(tl.int64) * width + source + line * RANK + column, mask=line < lines)
    target = address.to(tl.pointer_type(rows.dtype.element_ty))
    tl.store(target + line * stride + run * RANK + column, values, mask=line < lines)


class Filling:
    """`room` is [out, columns] by path, where the `up` matrices of all runs go side by side."""

    def __init__(self, arena: Arena, room: Mapping[str, torch.Tensor]) -> None:
        places, rank = arena.layout.places, arena.layout.rank
        entries = [
            (
                places[path].up_at + start * rank,
                own[start:].data_ptr(),
                own.stride(0),
                min(LINES, len(own) - start),
            )
            for path, own in room.items()
            for start in range(0, len(own), LINES)
        ]
        self._arena = arena
        self._table = torch.tensor(entries, dtype=torch.int64, device=arena.rows.device)

    def __call__(self) -> None:
        rows, layout = self._arena.rows, self._arena.layout
        _copy[len(self._table), len(rows)](rows, self._table, layout.width, RANK=layout.rank, LINES=LINES)

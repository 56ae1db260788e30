"""Slots are loaded by a stream of their own; what is computed sees them whole, and never the next one too early."""

from functools import partial
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device"),
]
SIDE, RANK = 65_536, 64


def test_a_slot_is_read_when_it_is_loaded_and_loaded_when_it_was_read(tmp_path: Path) -> None:
    from plugins.sdxl.slots.bank import Bank
    from plugins.sdxl.slots.budget import Budget
    from plugins.sdxl.slots.rows import HostRow, RowLayout, row_of
    from serving.adapters.api import MappedPack, open_pack
    from tests.low_rank_packs import Pair, write_pairs

    layout = RowLayout({"a": (SIDE, SIDE)}, RANK)
    held = []
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        down, up = (torch.randn(*shape, generator=generator) for shape in ((RANK, SIDE), (SIDE, RANK)))
        path = write_pairs([Pair("a", down, up, 1.0)], tmp_path / str(seed))
        held.append(HostRow.of(row_of(open_pack(path).low_rank, layout, partial(MappedPack, path)), torch.float32))
    bank = Bank(layout, torch.float32, torch.device("cuda"), Budget(2**30))
    slot = bank.take()
    read = []
    for turn in range(30):
        bank.load(slot, held[turn % 3])
        (stack,) = bank.stacks([[slot]])
        read.append([view.sum() for view in stack.matrices(0)])
    for turn, sums in enumerate(read):
        bank.load(slot, held[turn % 3])
        torch.cuda.synchronize()
        assert sums == [view.sum() for view in bank.stacks([[slot]])[0].matrices(0)]

"""From fixed memory layers compute what they compute from slots."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.sdxl.slots.arena import ATTENTION, Arena, rank_for
from plugins.sdxl.slots.garage import Garage
from plugins.sdxl.slots.parts import Seat
from plugins.sdxl.slots.rows import HostRow
from tests.low_rank_packs import Pair
from tests.slot_requests import MANY, Request, forward, inputs_of, layout_of, parked, row, small, with_peft

pytestmark = pytest.mark.torch
WORN = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from([-1.0, 0.0, 0.3, 1.0])), max_size=2, unique_by=lambda use: use[0]
)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 2), st.lists(st.lists(WORN, min_size=3, max_size=3), min_size=2, max_size=4))
def test_one_arena_gives_each_of_several_batches_what_peft_gives(
    rows: int, batches: list[list[list[tuple[int, float]]]]
) -> None:
    model = small()
    garage = Garage({"unet": model}, layout_of(model), MANY)
    for worn in batches:
        requests: list[Request] = [(each, rows) for each in worn]
        inputs = inputs_of(requests)
        for number, ours in enumerate(forward(garage, model, requests, inputs, fixed=True)):
            expected = with_peft(worn[number], *inputs[2 * number : 2 * number + 2])
            assert (ours - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_what_lies_there_is_not_copied_again_until_its_slot_is_loaded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small()
    garage = Garage({"unet": model}, layout_of(model), MANY)
    seats = [[seat] for seed in (1, 5) if (seat := parked(garage, model, seed).seat("unet", 1.0))]
    placed: list[int] = []
    place = Arena._place

    def counted(arena: Arena, run: int, own: list[Seat]) -> None:
        placed.append(run)
        place(arena, run, own)

    monkeypatch.setattr(Arena, "_place", counted)
    arena = garage.arena("unet", 2, 16)
    arena.filled(seats)
    arena.filled(seats)
    assert placed == [0, 1]
    bank, slot = seats[1][0].bank, seats[1][0].slot
    bank.load(slot, HostRow(bank.layout.rank, torch.ones(bank.layout.width), torch.ones(5), 31))
    arena.filled(seats)
    assert placed == [0, 1, 1]
    arena.filled([seats[0], []])
    assert placed == [0, 1, 1, 1]
    assert not arena.rows[1].any()


def test_more_than_an_arena_holds_has_no_rank() -> None:
    model = small()
    garage = Garage({"unet": model}, layout_of(model), MANY)
    small_one, large = (_seat(garage, rank, 1.0) for rank in (128, 256))
    worn: list[list[list[Seat]]] = [[[]], [[small_one]], [[], [small_one] * 2], [[small_one, large], []]]
    assert [rank_for(each) for each in worn] == [0, 128, 256, None]


def test_only_what_a_batch_changes_beyond_attention_is_read_there() -> None:
    model = torch.nn.ModuleDict({"attentions": torch.nn.ModuleList([torch.nn.Linear(4, 4)])})
    model = torch.nn.ModuleDict({"down": model, "conv": torch.nn.Linear(4, 4)}).requires_grad_(False)
    assert [ATTENTION in name for name in layout_of(model).modules("unet")] == [False, True]
    garage = Garage({"unet": model}, layout_of(model), MANY)
    layout = garage.row_layout("unet", 16)
    ones = torch.ones(16, 4), torch.ones(4, 16)
    inside, outside = (
        Seat(*garage.pin(name, lambda name=name: {"unet": row([Pair(name, *ones, 16.0)], layout)}).places["unet"], 1.0)  # type: ignore[misc] # the default binds this turn's value
        for name in ("down.attentions.0", "conv")
    )
    arena = garage.arena("unet", 2, 16)
    assert [arena.filled(worn).everywhere for worn in ([[inside], []], [[inside], [outside]])] == [False, True]


def _seat(garage: Garage, rank: int, weight: float) -> Seat:
    return Seat(*garage.pin(f"rank {rank}", lambda: {"unet": _row(garage, rank)}).places["unet"], weight)


def _row(garage: Garage, rank: int) -> HostRow:
    """Random matrices of this very rank for all modules."""
    layout = garage.row_layout("unet", rank)
    generator = torch.Generator().manual_seed(rank)
    data = torch.randn(layout.width, generator=generator) / rank
    return HostRow(rank, data, torch.rand(len(layout.places), generator=generator), (1 << len(layout.places)) - 1)

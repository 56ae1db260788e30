"""What a worker keeps of the memory into which slots are gathered, and that a batch finds there what it needs."""

from collections.abc import Sequence

import psutil
import pytest
import torch
from torch import nn

from plugins.sdxl.layout import layout_of_models
from plugins.sdxl.slots import gathered
from plugins.sdxl.slots.garage import Garage, Rows
from plugins.sdxl.slots.parts import Passenger, Seat, parts_of
from plugins.sdxl.slots.rows import Gaps, RowLayout

pytestmark = pytest.mark.torch
MB = 2**20
SIDE = 2048  # A slot of rank 64 has 1 MB.


class Filled:
    """An adapter's row, every number of it the same."""

    nbytes = 0
    targets = 1

    def __init__(self, rank: int, number: float) -> None:
        self.rank, self.number = rank, number
        self.ratios = torch.ones(1)

    def copy_to(self, row: torch.Tensor, _zeros: Gaps = (), /) -> Gaps:
        row.fill_(self.number)
        return ()


@pytest.fixture
def garage() -> Garage:
    model = nn.Sequential(nn.Linear(SIDE, SIDE))
    return Garage({"unet": model}, layout_of_models({"unet": model}), limit_bytes=256 * MB)


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> Garage:
    """As on a card, where nothing is reserved: at first it has room for three slots of rank 8."""
    model = nn.Sequential(nn.Linear(8, 8))
    layout = layout_of_models({"unet": model})
    monkeypatch.setattr(gathered, "RESERVED_BYTES", 3 * 4 * RowLayout(layout.modules("unet"), 8).width)
    return Garage({"unet": model}, layout, limit_bytes=MB)


def seats(garage: Garage, rank: int, count: int) -> list[Seat]:
    """Of as many adapters, each a slot further."""
    found = []
    for number in range(count):
        rows: Rows = {"unet": Filled(rank, rank + number)}
        seat = garage.pin(f"{rank}/{number}", lambda rows=rows: rows).seat("unet", 1.0)  # type: ignore[misc] # the default binds this turn's value
        assert seat
        found.append(seat)
    return found


def scattered(seats: Sequence[Seat]) -> list[Passenger]:
    """No two neighbours lie side by side, so that all must be gathered."""
    return [Passenger((seat,), 1) for seat in (*seats[::2], *seats[1::2])]


def numbers(passengers: Sequence[Passenger]) -> list[list[float]]:
    """What each part of this batch reads, by its runs."""
    return [part.stack.matrices(0)[0][:, 0, 0].tolist() for part in parts_of(passengers)]


def resident() -> int:
    return psutil.Process().memory_info().rss


def free_a_large_tensor() -> None:
    """From then on the C library keeps freed tensors of up to this size, instead of giving them back."""
    torch.empty(31 * MB, dtype=torch.uint8)


def test_the_memory_of_one_ranks_largest_mix_serves_another_ranks(garage: Garage) -> None:
    narrow, wide = scattered(seats(garage, 64, 24)), scattered(seats(garage, 128, 12))
    numbers(narrow)
    before = resident()
    numbers(wide)
    assert resident() - before < 4 * MB, "24 MB were filled before, which these would fit"


def test_a_mix_that_grows_leaves_nothing_behind(garage: Garage) -> None:
    own = seats(garage, 64, 24)
    free_a_large_tensor()
    before = resident()
    for count in range(4, 25):
        numbers(scattered(own[:count]))
    assert resident() - before < (24 + 3) * MB, "only what the largest mix fills"


def test_ranks_gathered_for_one_batch_are_read_beside_each_other_and_after_each_other(garage: Garage) -> None:
    first, second = scattered(seats(garage, 8, 4)), scattered(seats(garage, 16, 5))
    expected = [[8.0, 10.0, 9.0, 11.0], [16.0, 18.0, 20.0, 17.0, 19.0]]
    assert numbers([*first, *second]) == expected
    assert numbers(second) == expected[1:]
    assert numbers(first) == expected[:1]
    assert numbers([*first, *second]) == expected


def test_a_mix_beyond_what_was_reserved_is_read_whole(little: Garage) -> None:
    first, second = scattered(seats(little, 8, 3)), scattered(seats(little, 4, 3))
    for turns in (1, 2, 4):
        expected = [[8.0, 10.0, 9.0] * turns, [4.0, 6.0, 5.0] * turns]
        assert numbers([*first * turns, *second * turns]) == expected
        assert numbers([*first * turns, *second * turns]) == expected

"""A layer that reads attributes of its own computes what one with a hook computes, beside its weight or added to it."""

from typing import cast

import pytest
import torch
from torch import nn

from plugins.sdxl.slots.garage import Garage
from plugins.sdxl.slots.lean import LeanLinear
from plugins.sdxl.slots.parts import Seat
from plugins.sdxl.slots.rows import HostRow
from plugins.sdxl.slots.tails import MOST_COLUMNS
from tests.slot_requests import MANY, layout_of

pytestmark = pytest.mark.torch
ROWS, LENGTH = 2, 5


class Small(nn.Module):
    """A Linear inside an attention block and one outside."""

    def __init__(self) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([nn.Linear(24, 40)])
        self.after = nn.Linear(40, 8)

    @property
    def inner(self) -> LeanLinear:
        return cast("LeanLinear", self.attentions[0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner: torch.Tensor = self.inner(x)
        outer: torch.Tensor = self.after(inner)
        return outer


class Whole(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = Small()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outer: torch.Tensor = self.down(x)
        return outer


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(("runs", "rank"), [(1, 16), (1, 128), (2, 64), (4, 16), (8, 16), (8, 32)])
def test_a_batch_gets_what_hooks_give_it(runs: int, rank: int, *, own: bool) -> None:
    """8 x 32 columns have no room beside the weights, nor has another model."""
    torch.manual_seed(runs * rank)
    model = Whole().requires_grad_(False)
    weights = {name: parameter.clone() for name, parameter in model.named_parameters()}
    garage = Garage({"unet": model}, layout_of(model), MANY)
    worn = [[_seat(garage, rank, run)] if run % 3 != 1 else [] for run in range(runs)]
    x = torch.randn(runs * ROWS, LENGTH, 24)
    layers = garage.layers["unet"]
    reading = garage.arena("unet", runs, rank).filled(worn)
    with layers.reading(reading):
        expected = model(x)
    lean = layers.slim()
    for turn in range(2):
        with layers.reading(reading, own=own):
            assert torch.allclose(model(x), expected, atol=1e-5)
        reads = model.down.inner.reads
        assert (reads and reads.wide is not None) is (own and runs * rank <= MOST_COLUMNS), turn
    lean.leave()
    with layers.using([]):
        assert torch.equal(model(x), _plain(model, x))
    assert all(torch.equal(parameter, weights[name]) for name, parameter in model.named_parameters())


def test_without_adapters_nothing_is_added_whatever_lies_beside_the_weights() -> None:
    model = Whole().requires_grad_(False)
    garage = Garage({"unet": model}, layout_of(model), MANY)
    layers = garage.layers["unet"]
    x = torch.randn(ROWS, LENGTH, 24)
    expected = model(x)
    layers.slim()
    with layers.reading(garage.arena("unet", 1, 16).filled([[_seat(garage, 16, 0)]])):
        assert not torch.allclose(model(x), expected, atol=1e-3)
    with layers.reading(None):
        assert torch.allclose(model(x), expected, atol=1e-6)


def _plain(model: Whole, x: torch.Tensor) -> torch.Tensor:
    inner = nn.functional.linear(x, model.down.inner.weight, model.down.inner.bias)
    return nn.functional.linear(inner, model.down.after.weight, model.down.after.bias)


def _seat(garage: Garage, rank: int, number: int) -> Seat:
    layout = garage.row_layout("unet", rank)
    generator = torch.Generator().manual_seed(number)
    data = torch.randn(layout.width, generator=generator) / rank
    row = HostRow(rank, data, torch.rand(len(layout.places), generator=generator) + 0.5, (1 << len(layout.places)) - 1)
    return Seat(*garage.pin(f"{rank} {number}", lambda: {"unet": row}).places["unet"], 0.7)

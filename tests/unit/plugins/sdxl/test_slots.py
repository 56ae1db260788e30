"""Slots compute what peft computes for each request alone, and leave every other row exactly as it was."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from hub.plugin_api import EngineFullError, ModelLayout
from plugins.sdxl.layout import layout_of_models
from plugins.sdxl.slots.garage import Garage, Parked
from plugins.sdxl.slots.parts import Passenger, parts_of
from plugins.sdxl.slots.rows import HostRow, PackRow, RowLayout, bucket_of, row_of
from tests.low_rank_packs import Pair, pack_of_pairs

pytestmark = pytest.mark.torch
RANKS = (1, 4, 6, 16)
MANY = 2**24


class Small(nn.Module):
    """Every kind of layer that SDXL has: Linear on tokens and on single vectors, 3x3, strided and 1x1 convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.strided = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.shortcut = nn.Conv2d(12, 16, 1)
        self.time = nn.Linear(5, 16)
        self.tokens = nn.Linear(16, 24, bias=False)

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        x = self.shortcut(torch.relu(self.strided(self.first(x)))) + self.time(time)[:, :, None, None]
        tokens: torch.Tensor = self.tokens(x.flatten(2).mT)
        return tokens


def small() -> Small:
    torch.manual_seed(0)
    return Small().requires_grad_(False)


def layout_of(model: nn.Module) -> ModelLayout:
    return layout_of_models({"unet": model})


def adapter(model: nn.Module, seed: int) -> list[Pair]:
    """Random parts for some of the modules, each of a rank and alpha of its own."""
    generator = torch.Generator().manual_seed(seed)
    rank = RANKS[seed % len(RANKS)]
    parts = []
    for index, (module, (out, *into)) in enumerate(sorted(layout_of(model).modules("unet").items())):
        if (seed + index) % 3:
            own = max(1, rank - index)
            down = torch.randn(own, *into, generator=generator) * 0.3
            up = torch.randn(out, own, *([1] * (len(into) - 1)), generator=generator) * 0.3
            parts.append(Pair(module, down, up, alpha=1.0 + index))
    return parts


def parked(garage: Garage, model: nn.Module, seed: int) -> Parked:
    parts = adapter(model, seed)
    layout = garage.row_layout("unet", bucket_of(max(part.rank for part in parts)))
    return garage.pin(str(seed), lambda: {"unet": row(parts, layout)})


def row(parts: Sequence[Pair], layout: RowLayout) -> PackRow:
    """Of a pack that is gone as soon as it is mapped."""
    with tempfile.TemporaryDirectory() as folder:
        pack = pack_of_pairs(parts, Path(folder) / "pack")
    return row_of(pack.low_rank, layout, lambda: pack.file)


def with_peft(worn: Sequence[tuple[int, float]], x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """The unmerged forward of peft's own layers."""
    model: Any = small()
    for number, (seed, weight) in enumerate(worn):
        parts, name = adapter(small(), seed), f"style{number}"
        config = LoraConfig(
            r=1,
            target_modules=[part.module for part in parts],
            rank_pattern={f"^{part.module}$": part.rank for part in parts},
            alpha_pattern={f"^{part.module}$": part.alpha for part in parts},
        )
        inject_adapter_in_model(config, model, name)
        for part in parts:
            layer = model.get_submodule(part.module)
            layer.lora_A[name].weight.data, layer.lora_B[name].weight.data = part.down, part.up
            layer.set_scale(name, weight)
    for layer in model.modules():
        if hasattr(layer, "set_adapter") and worn:
            layer.set_adapter(list(layer.lora_A))
    with torch.no_grad():
        result: torch.Tensor = model(x, time)
    return result


Request = tuple[list[tuple[int, float]], int]
REQUESTS = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.integers(0, 7), st.sampled_from([-1.0, 0.0, 0.3, 1.0])), max_size=3, unique_by=lambda u: u[0]
        ),
        st.sampled_from([1, 2]),
    ),
    min_size=1,
    max_size=6,
)


def forward(garage: Garage, model: nn.Module, requests: Sequence[Request], inputs: Sequence[torch.Tensor]) -> Any:
    """Each request's output, in the order asked, from one forward for all."""
    passengers = [
        (
            number,
            Passenger(
                tuple(seat for seed, weight in worn if (seat := parked(garage, model, seed).seat("unet", weight))), rows
            ),
        )
        for number, (worn, rows) in enumerate(requests)
    ]
    passengers.sort(key=lambda pair: pair[1].order)
    x, time = (torch.cat([inputs[2 * number + part] for number, _ in passengers]) for part in (0, 1))
    with torch.no_grad(), garage.layers["unet"].using(parts_of([each for _, each in passengers])):
        split = model(x, time).split([each.rows for _, each in passengers])
    return [own for _, own in sorted(zip([number for number, _ in passengers], split, strict=True), key=lambda p: p[0])]


def inputs_of(requests: Sequence[Request]) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(9)
    return [torch.randn(rows, *shape, generator=generator) for _, rows in requests for shape in ((3, 10, 6), (5,))]


@settings(max_examples=60, deadline=None)
@given(REQUESTS)
def test_any_mix_equals_peft_for_each_request_alone(requests: list[Request]) -> None:
    model, inputs = small(), inputs_of(requests)
    garage = Garage({"unet": model}, layout_of(model), MANY)
    for number, ours in enumerate(forward(garage, model, requests, inputs)):
        expected = with_peft(requests[number][0], *inputs[2 * number : 2 * number + 2])
        assert (ours - expected).abs().max() <= 1e-5 * expected.abs().max()


@settings(max_examples=30, deadline=None)
@given(REQUESTS)
def test_a_request_alone_gives_the_same_bytes_whatever_ran_before(requests: list[Request]) -> None:
    model, again, inputs = small(), small(), inputs_of(requests)
    garage, fresh = (Garage({"unet": each}, layout_of(each), MANY) for each in (model, again))
    forward(garage, model, requests, inputs)
    for number, request in enumerate(requests):
        own = inputs[2 * number : 2 * number + 2]
        assert torch.equal(forward(garage, model, [request], own)[0], forward(fresh, again, [request], own)[0])


def test_rows_without_an_adapter_are_the_plain_models_bytes() -> None:
    model, requests = small(), [([(1, 1.0)], 2), ([], 2), ([(3, 0.5), (2, 1.0)], 1), ([], 1)]
    inputs = inputs_of(requests)
    garage = Garage({"unet": model}, layout_of(model), MANY)
    mixed = forward(garage, model, requests, inputs)
    nobody = forward(garage, model, [([], rows) for _, rows in requests], inputs)
    assert [torch.equal(ours, plain) for ours, plain in zip(mixed, nobody, strict=True)] == [False, True, False, True]


def test_a_failing_forward_leaves_no_adapter_behind() -> None:
    model, requests = small(), [([(1, 1.0)], 1)]
    inputs = inputs_of(requests)
    garage = Garage({"unet": model}, layout_of(model), MANY)
    with pytest.raises(RuntimeError):
        forward(garage, model, requests, [inputs[0][:, :2], inputs[1]])
    with torch.no_grad():
        assert torch.equal(model(*inputs), small()(*inputs))


def test_the_longest_unused_leaves_and_what_is_pinned_stays() -> None:
    model = small()
    layout = layout_of(model)
    width = Garage({"unet": small()}, layout, MANY).row_layout("unet", 4).width
    garage = Garage({"unet": model}, layout, 2 * 4 * width)
    first, second = parked(garage, model, 0), parked(garage, model, 4)
    with pytest.raises(EngineFullError):
        parked(garage, model, 8)
    garage.unpin([first, second])
    parked(garage, model, 0)  # Used again, so the second is the longest unused now.
    third = parked(garage, model, 8)
    assert third.places["unet"] == second.places["unet"]
    assert third.places["unet"] != first.places["unet"]


def test_a_load_that_fails_gives_its_slot_back() -> None:
    model = small()
    garage = Garage({"unet": model}, layout_of(model), MANY)
    parts = adapter(model, 1)
    good = row(parts, garage.row_layout("unet", 4))
    too_short = HostRow(4, torch.zeros(good.layout.width - 1), good.ratios, good.targets)
    with pytest.raises(RuntimeError):
        garage.pin("x", lambda: {"unet": too_short})
    bank = garage.pin("x", lambda: {"unet": good}).places["unet"][0]
    assert len(bank.free) == bank.slots - 1

"""Slots compute what peft computes for each request alone, and leave every other row exactly as it was."""

import pytest
import torch
from hypothesis import given, settings

from hub.plugin_api import EngineFullError
from plugins.sdxl.slots.garage import Garage
from plugins.sdxl.slots.rows import HostRow
from tests.slot_requests import (
    MANY,
    REQUESTS,
    Request,
    adapter,
    forward,
    inputs_of,
    layout_of,
    parked,
    row,
    small,
    with_peft,
)

pytestmark = pytest.mark.torch


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
    places = [dict(each.places) for each in (first, second)]
    with pytest.raises(EngineFullError):
        parked(garage, model, 8)
    garage.unpin([first, second])
    parked(garage, model, 0)  # Used again, so the second is the longest unused now.
    third = parked(garage, model, 8)
    assert third.places == places[1]
    assert first.places == places[0]


def test_a_load_that_fails_gives_its_slot_back() -> None:
    model = small()
    garage = Garage({"unet": model}, layout_of(model), MANY)
    parts = adapter(model, 1)
    good = row(parts, garage.row_layout("unet", 4))
    too_short = HostRow(4, torch.zeros(good.layout.width - 1), good.ratios, good.targets)
    with pytest.raises(RuntimeError):
        garage.pin("x", lambda: {"unet": too_short})
    assert garage.budget.used_bytes == garage.pin("x", lambda: {"unet": good}).nbytes

"""All that adapters fill on the device has one limit, and whatever fits it alone is served."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.plugin_api import EngineFullError
from plugins.sdxl.slots.arena import bytes_of
from plugins.sdxl.slots.garage import Garage, Parked
from plugins.sdxl.slots.rows import BUCKETS, HostRow
from tests.slot_requests import MANY, Request, forward, inputs_of, layout_of, parked, small, with_peft

pytestmark = pytest.mark.torch
ORDERS = st.lists(
    st.lists(
        st.tuples(st.integers(0, 7), st.sampled_from([-1.0, 0.3, 1.0])),
        min_size=1,
        max_size=3,
        unique_by=lambda use: use[0],
    ),
    min_size=1,
    max_size=6,
)


def garage_of(*ranks: int) -> Garage:
    """With room for one adapter of each of these ranks."""
    model = small()
    layouts = Garage({"unet": model}, layout_of(model), 0)
    return Garage(
        {"unet": small()}, layout_of(model), sum(4 * layouts.row_layout("unet", rank).width for rank in ranks)
    )


def pinned(garage: Garage, name: str, rank: int) -> Parked:
    layout = garage.row_layout("unet", rank)
    row = HostRow(rank, torch.ones(layout.width), torch.ones(len(layout.places)), 1)
    return garage.pin(name, lambda: {"unet": row})


def test_two_of_the_largest_rank_are_worn_at_once_where_both_fit() -> None:
    garage = garage_of(256, 256)
    for name in ("one", "other"):
        pinned(garage, name, 256)
    with pytest.raises(EngineFullError):
        pinned(garage, "third", 4)
    assert garage.tier().used_bytes == garage.tier().limit_bytes


def test_what_adapters_of_one_rank_no_longer_need_serves_another() -> None:
    garage = garage_of(256)
    while garage.budget.has_room(4 * garage.row_layout("unet", 8).width):
        garage.unpin([pinned(garage, f"small {garage.budget.used_bytes}", 8)])
    garage.unpin([pinned(garage, "large", 256)])
    assert garage.budget.used_bytes == garage.budget.limit_bytes
    assert garage.budget.used_bytes >= pinned(garage, "small again", 8).nbytes


def test_what_is_worn_is_never_taken_for_another() -> None:
    garage = garage_of(8, 8, 16)
    worn, idle = pinned(garage, "worn", 8), pinned(garage, "idle", 8)
    garage.unpin([idle])
    bank, slot = worn.places["unet"]
    before, where = bank.row(slot).clone(), bank.row(slot).data_ptr()
    pinned(garage, "other", 16)
    with pytest.raises(EngineFullError):
        pinned(garage, "too much", 16)
    assert (torch.equal(bank.row(slot), before), bank.row(slot).data_ptr()) == (True, where)


def test_one_that_does_not_fit_sends_nobody_away() -> None:
    garage = garage_of(8, 16)
    pinned(garage, "worn", 8)
    garage.unpin([pinned(garage, "idle", 16)])
    with pytest.raises(EngineFullError):
        pinned(garage, "too large", 64)
    before = garage.tier().misses
    pinned(garage, "idle", 16)
    assert garage.tier().misses == before


def test_an_adapter_that_follows_another_of_its_rank_has_its_very_memory() -> None:
    garage = garage_of(16)
    where = []
    for name in ("one", "other"):
        adapter = pinned(garage, name, 16)
        bank, slot = adapter.places["unet"]
        where.append(bank.row(slot).data_ptr())
        garage.unpin([adapter])
    assert where[0] == where[1]


def test_an_adapter_takes_room_only_where_it_changes_something() -> None:
    models = {"unet": small(), "text_encoder": small()}
    garage = Garage(models, layout_of(models["unet"]), MANY)
    pinned(garage, "style", 16)
    assert garage.budget.used_bytes == 4 * garage.row_layout("unet", 16).width


@settings(max_examples=25, deadline=None)
@given(ORDERS, st.integers(0, 3))
def test_any_order_that_fits_alone_is_served_right_whatever_ran_before(
    orders: list[list[tuple[int, float]]], spare: int
) -> None:
    """Each is the largest that fits, and a little may be spare, so nearly every order sends others away."""
    model = small()
    ranks = [bucket for bucket in BUCKETS if bucket <= 16]
    width = Garage({"unet": model}, layout_of(model), 0).row_layout
    most = max(sum(4 * width("unet", (4, 4, 8, 16)[seed % 4]).width for seed, _ in order) for order in orders)
    garage = Garage({"unet": model}, layout_of(model), most + spare * 4 * width("unet", ranks[0]).width)
    for order in orders:
        request: Request = (order, 2)
        inputs = inputs_of([request])
        (ours,) = forward(garage, model, [request], inputs)
        expected = with_peft(order, *inputs)
        assert (ours - expected).abs().max() <= 1e-5 * expected.abs().max()
        garage.budget.forward_is_over()
        for seed, _ in order:
            adapter = parked(garage, model, seed)
            garage.unpin([adapter, adapter])  # Once for this look, once for the request.
        assert 0 < garage.budget.used_bytes <= garage.budget.limit_bytes


@pytest.mark.parametrize("spare", [0, 1, 2])
def test_a_mix_is_read_where_it_lies_when_there_is_no_room_to_gather_it(spare: int) -> None:
    """Three of one rank, one of another, and a run without any."""
    model = small()
    garage = garage_of(4, 4, 4, 8, *[4] * spare)
    garage = Garage({"unet": model}, layout_of(model), garage.budget.limit_bytes)
    requests: list[Request] = [([(0, 1.0)], 2), ([(4, 0.3)], 2), ([], 2), ([(8, -1.0)], 2), ([(2, 1.0)], 2)]
    inputs = inputs_of(requests)
    for number, ours in enumerate(forward(garage, model, requests, inputs)):
        expected = with_peft(requests[number][0], *inputs[2 * number : 2 * number + 2])
        assert (ours - expected).abs().max() <= 1e-5 * expected.abs().max()
    assert garage.budget.used_bytes <= garage.budget.limit_bytes


def test_what_a_mix_was_gathered_in_leaves_for_a_run_and_not_in_the_middle_of_a_forward() -> None:
    model = small()
    garage = Garage({"unet": model}, layout_of(model), garage_of(4, 4, 4, 4).budget.limit_bytes)
    requests: list[Request] = [([(0, 1.0)], 2), ([(4, 0.3)], 2)]
    first = forward(garage, model, requests, inputs_of(requests))
    with pytest.raises(EngineFullError):
        parked(garage, model, 8)
    garage.budget.forward_is_over()
    parked(garage, model, 8)
    again = forward(garage, model, requests, inputs_of(requests))
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(first, again, strict=True))


def test_an_arena_that_nobody_used_for_long_leaves_and_its_successor_is_another() -> None:
    garage = garage_of(4)
    first = bytes_of(garage.row_layout("unet", 16), 2, torch.float32)
    garage.budget.limit_bytes = first + bytes_of(garage.row_layout("unet", 16), 1, torch.float32)
    old = garage.arena("unet", 2, 16)
    with pytest.raises(EngineFullError):
        garage.arena("unet", 2, 32)
    garage.budget.forward_is_over()
    small_one = garage.arena("unet", 1, 16)
    assert garage.arena("unet", 2, 16) is old
    garage.budget.forward_is_over()
    garage.arena("unet", 1, 32)
    assert (old.gone, small_one.gone, old.rows.untyped_storage().nbytes()) == (True, True, 0)
    assert garage.budget.used_bytes == bytes_of(garage.row_layout("unet", 32), 1, torch.float32)

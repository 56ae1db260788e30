"""Hints fill slots from other threads; whoever runs must get its slot all the same."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import pytest
import torch
from torch import nn

from hub.plugin_api import EngineFullError
from plugins.sdxl.layout import layout_of_models
from plugins.sdxl.lent import Lender
from plugins.sdxl.slots.garage import Garage, Rows
from plugins.sdxl.slots.rows import Gaps

pytestmark = pytest.mark.torch
WAIT_SECONDS = 20


@dataclass
class SlowRow:
    """A row whose copy begins, and ends when it may."""

    rank: int = 4
    ratios: torch.Tensor = field(default_factory=lambda: torch.ones(1))
    targets: int = 1
    nbytes: int = 0
    begun: Event = field(default_factory=Event)
    may_end: Event = field(default_factory=Event)

    def copy_to(self, row: torch.Tensor, _zeros: Gaps = (), /) -> Gaps:
        self.begun.set()
        assert self.may_end.wait(WAIT_SECONDS)
        row.fill_(1.0)
        return ()


def quick() -> SlowRow:
    row = SlowRow()
    row.may_end.set()
    return row


def rows(row: SlowRow) -> Callable[[], Rows]:
    return lambda: {"unet": row}


@pytest.fixture
def one_slot() -> Garage:
    model = nn.Sequential(nn.Linear(8, 8))
    return Garage({"unet": model}, layout_of_models({"unet": model}), 4 * 2 * 4 * 8)


def test_a_run_waits_for_a_slot_that_a_hint_is_filling_and_takes_it(one_slot: Garage) -> None:
    hinted = SlowRow()
    with ThreadPoolExecutor(2) as threads:
        hint = threads.submit(one_slot.bring_near, "hinted", rows(hinted))
        assert hinted.begun.wait(WAIT_SECONDS)
        run = threads.submit(one_slot.pin, "wanted", rows(quick()))
        with pytest.raises(TimeoutError):
            run.result(timeout=0.2)
        hinted.may_end.set()
        hint.result(WAIT_SECONDS)
        assert run.result(WAIT_SECONDS).pins == 1


def test_a_whole_model_waits_for_the_hint_that_fills_its_room(one_slot: Garage) -> None:
    model = nn.Sequential(nn.Linear(8, 8))
    lender = Lender({"unet": model}, one_slot, copies=True)
    hinted = SlowRow()
    with ThreadPoolExecutor(2) as threads:
        hint = threads.submit(one_slot.bring_near, "hinted", rows(hinted))
        assert hinted.begun.wait(WAIT_SECONDS)
        run = threads.submit(lender.pin, "model", {"unet": {"0.bias": torch.ones(8)}})
        with pytest.raises(TimeoutError):
            run.result(timeout=0.2)
        hinted.may_end.set()
        hint.result(WAIT_SECONDS)
        assert run.result(WAIT_SECONDS)["unet"]["0.bias"].tolist() == [1.0] * 8
    assert one_slot.budget.used_bytes == 4 * 8


def test_a_hint_never_waits_nor_takes_a_slot_that_a_run_reads(one_slot: Garage) -> None:
    own = one_slot.pin("own", rows(quick()))
    one_slot.bring_near("hinted", rows(quick()))
    with pytest.raises(EngineFullError):
        one_slot.pin("other", rows(quick()))
    one_slot.unpin([own])
    assert one_slot.pin("other", rows(quick())).pins == 1


def test_a_run_that_wants_what_a_hint_is_bringing_waits_for_that(one_slot: Garage) -> None:
    hinted, never = SlowRow(), SlowRow()
    with ThreadPoolExecutor(2) as threads:
        threads.submit(one_slot.bring_near, "same", rows(hinted))
        assert hinted.begun.wait(WAIT_SECONDS)
        run = threads.submit(one_slot.pin, "same", rows(never))
        hinted.may_end.set()
        assert run.result(WAIT_SECONDS).loaded
    assert not never.begun.is_set()

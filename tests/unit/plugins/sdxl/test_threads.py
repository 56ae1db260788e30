"""Small products are computed by the thread that asks for them, which has its helpers back afterwards."""

from collections.abc import Iterator

import pytest
import torch

from plugins.sdxl.slots import threads
from plugins.sdxl.slots.threads import SMALL, as_many_as_pay

pytestmark = pytest.mark.torch
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _two_threads_that_sleep(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    monkeypatch.setattr(threads, "SLEEP_BETWEEN", True)
    yield
    torch.set_num_threads(before)


def inside(multiplications: int, device: torch.device = CPU) -> int:
    with as_many_as_pay(multiplications, device):
        return torch.get_num_threads()


def test_a_small_product_is_computed_alone_and_a_large_one_by_all() -> None:
    assert [inside(SMALL - 1), inside(SMALL), inside(1, torch.device("cuda"))] == [1, 2, 2]
    assert torch.get_num_threads() == 2


def test_threads_that_spin_are_always_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SLEEP_BETWEEN", False)
    assert inside(1) == 2


def test_all_are_back_after_an_error() -> None:
    with pytest.raises(RuntimeError, match="mat1 and mat2"), as_many_as_pay(1, CPU):
        torch.mm(torch.ones(2, 3), torch.ones(2, 3))
    assert torch.get_num_threads() == 2

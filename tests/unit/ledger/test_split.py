from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.ledger.split import WHOLE_BP, allocate

totals = st.integers(min_value=0, max_value=10**15)


@st.composite
def shares(draw: st.DrawFn) -> dict[str, int]:
    cuts = sorted(draw(st.lists(st.integers(0, WHOLE_BP), max_size=6)))
    bounds = [0, *cuts, WHOLE_BP]
    return {f"payee {n}": after - before for n, (before, after) in enumerate(pairwise(bounds))}


@given(totals, shares())
def test_the_parts_sum_to_the_total(total: int, shares_bp: dict[str, int]) -> None:
    assert sum(allocate(total, shares_bp).values()) == total


@given(totals, shares())
def test_nobody_is_a_whole_unit_away_from_the_exact_share(total: int, shares_bp: dict[str, int]) -> None:
    for payee, part in allocate(total, shares_bp).items():
        assert abs(part * WHOLE_BP - total * shares_bp[payee]) < WHOLE_BP


@given(totals, shares(), st.randoms(use_true_random=False))
def test_the_order_of_payees_changes_nothing(total: int, shares_bp: dict[str, int], random: object) -> None:
    names = list(shares_bp)
    random.shuffle(names)  # type: ignore[attr-defined]  # Hypothesis hands over a random.Random
    assert allocate(total, {name: shares_bp[name] for name in names}) == allocate(total, shares_bp)


@given(totals, st.integers(0, WHOLE_BP), st.integers(0, 10**6))
def test_of_two_payees_neither_loses_when_the_total_grows(total: int, share: int, more: int) -> None:
    shares_bp = {"creator": share, "platform": WHOLE_BP - share}
    before, after = allocate(total, shares_bp), allocate(total + more, shares_bp)
    assert all(after[payee] >= before[payee] for payee in shares_bp)


@pytest.mark.parametrize(
    ("total", "shares_bp", "parts"),
    [
        (10_000, {"creator": 7_000, "platform": 3_000}, {"creator": 7_000, "platform": 3_000}),
        (1, {"creator": 5_000, "platform": 5_000}, {"creator": 1, "platform": 0}),
        (100, {"a": 3_334, "b": 3_333, "c": 3_333}, {"a": 34, "b": 33, "c": 33}),
        (0, {"creator": 10_000}, {"creator": 0}),
    ],
)
def test_leftover_units_go_to_the_largest_remainder(
    total: int, shares_bp: dict[str, int], parts: dict[str, int]
) -> None:
    assert allocate(total, shares_bp) == parts


@pytest.mark.parametrize(
    ("total", "shares_bp"), [(1, {"a": 9_999}), (1, {"a": 11_000, "b": -1_000}), (-1, {"a": 10_000})]
)
def test_shares_that_do_not_make_a_whole_are_refused(total: int, shares_bp: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"sum to 10,000 basis points|not negative"):
        allocate(total, shares_bp)

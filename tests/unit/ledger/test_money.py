import pytest

from marketplace.ledger.money import format_credits


@pytest.mark.parametrize(
    ("micro", "text"),
    [(0, "0"), (10_000, "1"), (12_500_000, "1,250"), (125_000, "12.5"), (100, "0.01"), (1, "0.0001"), (-5_000, "-0.5")],
)
def test_credits_are_shown_exactly(micro: int, text: str) -> None:
    assert format_credits(micro) == text

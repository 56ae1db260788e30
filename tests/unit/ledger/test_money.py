import pytest

from marketplace.ledger.money import format_credits, format_units


@pytest.mark.parametrize(
    ("micro", "text"),
    [(0, "0"), (10_000, "1"), (12_500_000, "1,250"), (125_000, "12.5"), (100, "0.01"), (1, "0.0001"), (-5_000, "-0.5")],
)
def test_credits_are_shown_exactly(micro: int, text: str) -> None:
    assert format_credits(micro) == text


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (0, "0.00"),
        (1_000_000, "1.00"),
        (1_250_000_000, "1,250.00"),
        (20_100, "0.0201"),
        (1, "0.000001"),
        (-500_000, "-0.50"),
    ],
)
def test_units_are_shown_exactly_with_their_cents(micro: int, text: str) -> None:
    assert format_units(micro) == text


def test_units_of_a_column_have_the_same_places() -> None:
    assert [format_units(micro, 6) for micro in (2_584_000, 1)] == ["2.584000", "0.000001"]
